import subprocess
import sys
from pathlib import Path

import pytest

from guarantees import Outcomes, Promise, exists, missing, read_promises

ROOMS = (11, 12)
"""What is promised about LiveKit rooms, once there are any."""

PAGE = """# What we promise

## G1 Isolation

The death of one session changes nothing.

- `tests/one.py::test_here`: why
- `tests/one.py::TestCase::test_inside`

## G2 Return

Words.
"""


def test_the_page_names_tests_that_exist(checkout: Path) -> None:
    promises = read_promises((checkout / "docs" / "guarantees.md").read_text("utf-8"))
    made = [promise.number for promise in promises]
    assert made == [f"G{number}" for number in range(1, 17) if number not in ROOMS]
    assert missing(promises, checkout) == []


def test_promises_and_their_proofs() -> None:
    assert read_promises(PAGE) == (
        Promise(number="G1", title="Isolation", proofs=("tests/one.py::test_here", "tests/one.py::TestCase::test_inside")),
        Promise(number="G2", title="Return"),
    )


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("tests").mkdir()
    tmp_path.joinpath("tests", "one.py").write_text("def test_here(): ...\n", "utf-8")
    assert missing(read_promises(PAGE), tmp_path) == [
        "G2 Return: no test is named",
        "G1: tests/one.py::TestCase::test_inside does not exist",
    ]


@pytest.mark.parametrize(
    ("proof", "there"),
    [
        ("tests/one.py::test_here", True),
        ("tests/one.py::test_later", True),
        ("tests/one.py::TestCase", True),
        ("tests/one.py::TestCase::test_inside", True),
        ("tests/one.py::TestCase::test_elsewhere", False),
        ("tests/one.py::test_gone", False),
        ("tests/two.py::test_here", False),
    ],
)
def test_whether_a_test_exists(tmp_path: Path, proof: str, there: bool) -> None:
    tmp_path.joinpath("tests").mkdir()
    code = "def test_here(): ...\nasync def test_later(): ...\nclass TestCase:\n    def test_inside(self): ...\n"
    tmp_path.joinpath("tests", "one.py").write_text(code, "utf-8")
    assert exists(tmp_path, proof) is there


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ({}, "not run"),
        ({"tests/one.py::test_here": ["passed"]}, "passed"),
        ({"tests/one.py::test_here": ["passed", "passed"]}, "passed (2)"),
        ({"tests/one.py::test_here": ["passed", "skipped"]}, "skipped"),
        ({"tests/one.py::test_here": ["skipped", "failed"]}, "failed"),
        ({"tests/one.py::test_hereafter": ["passed"]}, "not run"),
    ],
)
def test_what_became_of_a_proof(results: dict[str, list[str]], told: str) -> None:
    assert Outcomes(results).of("tests/one.py::test_here") == told


def test_the_command_prints_a_line_for_each_proof(tmp_path: Path, checkout: Path) -> None:
    page = tmp_path / "guarantees.md"
    page.write_text("## G3 Commands\n\n- `tests/test_guarantees.py::test_promises_and_their_proofs`\n", "utf-8")

    def run(number: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(checkout / "tests" / "guarantees.py"), "--page", str(page), number]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    done = run("G3")
    assert done.stdout.splitlines()[-2:] == [
        "G3 Commands  tests/test_guarantees.py::test_promises_and_their_proofs  passed",
        "1 proofs of 1 guarantees: 1 passed, 0 not",
    ]
    assert done.returncode == 0
    assert run("G4").returncode == 1
