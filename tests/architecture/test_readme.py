"""The README's two commands are what it says they are."""

import re
from pathlib import Path

import pytest


def first_line(checkout: Path, word: str) -> str:
    return next(line for line in (checkout / "README.md").read_text("utf-8").splitlines() if word in line)


@pytest.mark.parametrize(("word", "extra"), [("livekitex demo", "'.[offline]'"), ("tox run-parallel -p 2", "tox")])
def test_the_first_line_with_the_word_is_a_whole_command(checkout: Path, word: str, extra: str) -> None:
    line = first_line(checkout, word)
    made, installed, run = line.split(" && ")
    environment = made.removeprefix("python3 -m venv --clear ")
    assert re.fullmatch(r"\.venv\S*", environment)
    assert installed.startswith(f"{environment}/bin/pip install --quiet ")
    assert extra in installed
    assert run == f"{environment}/bin/{word}"
    assert f"```sh\n{line}\n```" in (checkout / "README.md").read_text("utf-8")


def test_continuous_integration_runs_the_second(checkout: Path) -> None:
    script = (checkout / ".ci" / "run").read_text("utf-8")
    assert "$(grep -m1 -F tox README.md)" in script
    assert 'bash -c "$command"' in script
