import re
import shlex
import subprocess
from pathlib import Path

import pytest

import search

PROFILE = "from hypothesis import settings\nsettings.register_profile('search', database=None)\n"
PROPERTY = "from hypothesis import given, strategies as st\n@given(st.integers())\ndef test_it(x): assert {claim}\n"


@pytest.fixture
def tests_of(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(PROFILE)
    (tmp_path / "test_without_a_property.py").write_text("def test_it(): assert False")
    return tmp_path


def test_what_holds_is_tried_until_its_time_is_over(tests_of: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tests_of / "test_it.py").write_text(PROPERTY.format(claim="x * x >= 0"))
    assert search.main(["--minutes", "0", "--seed", "7", str(tests_of)]) == 0
    assert re.fullmatch(r"seed 7: 1 passed, 1 deselected in .*\n", capsys.readouterr().out)


def test_what_is_found_is_replayed_by_the_command_that_is_told(tests_of: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tests_of / "test_it.py").write_text(PROPERTY.format(claim="x < 1_000"))
    assert search.main(["--minutes", "1", "--seed", "7", str(tests_of)]) == 1
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith("seed 7: found something (exit 1): ")
    again = subprocess.run(shlex.split(told.rpartition(": ")[2]), capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "x=1000" in again.stdout
