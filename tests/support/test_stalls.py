"""What fails while the machine stands still is tried again; what fails while it runs has failed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import stalls
from support.stalls import Reading, spent, stood_still

TESTS = Path(__file__).parents[1]
BEGIN = """
import pytest
import lost
RUNS = []
pytestmark = pytest.mark.processes
stand_still = lost.stand_still
"""
LOST = """
from support import stalls
LOST = [0.0]
stalls.read = lambda: stalls.Reading(LOST[0], 0.0)

def stand_still():
    LOST[0] += 2.0

def given_back():
    print("given back")

def pytest_configure(config):
    config.addinivalue_line("markers", "processes: starts real process trees")
"""
ONCE = "def test_once():\n    RUNS.append(0)\n    if len(RUNS) == 1:\n        stand_still()\n    assert len(RUNS) == 2\n"
ALWAYS = "def test_always():\n    stand_still()\n    assert False\n"
RUNNING = "def test_running():\n    assert False\n"
PASSING = "def test_passing():\n    stand_still()\n"
FIXTURE = """
@pytest.fixture(scope="module")
def made():
    RUNS.append(0)
    return len(RUNS)

def test_fixtures_are_made_anew(made):
    if made == 1:
        stand_still()
    assert made == 2
"""
KEPT = """
@pytest.fixture(scope="module")
def kept():
    yield
    lost.given_back()

def test_first(kept):
    stand_still()

def test_second(kept):
    assert False
"""


def outcome(folder: Path, source: str) -> str:
    (folder / "test_it.py").write_text(BEGIN + source, "utf-8")
    (folder / "lost.py").write_text(LOST, "utf-8")
    plugins = ("-p", "support.stalls", "-p", "lost", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *plugins, "-rs", "-c", os.devnull, str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(folder), *sys.path])}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False, cwd=folder).stdout


@pytest.mark.parametrize("source", [ONCE, PASSING, FIXTURE])
def test_what_passes_when_the_machine_runs_has_passed(tmp_path: Path, source: str) -> None:
    assert " 1 passed in " in outcome(tmp_path, source)


def test_what_fails_while_the_machine_runs_has_failed(tmp_path: Path) -> None:
    assert " 1 failed in " in outcome(tmp_path, RUNNING)


def test_when_the_time_is_over_and_the_host_took_it_nothing_more_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(stalls.BUDGET, "1")
    said = outcome(tmp_path, KEPT)
    assert " 1 passed, 1 skipped in " in said
    assert f"] test_it.py:15: {stalls.UNTRIED}" in said
    assert "given back" in said


@pytest.mark.parametrize(("clock_s", "run_s", "over"), [(11.0, 7.6, True), (11.0, 7.8, False), (9.0, 1.0, False)])
def test_a_machine_that_runs_tries_all(clock_s: float, run_s: float, *, over: bool) -> None:
    assert spent(Reading(5.0, 1.0), Reading(5.0 + clock_s, 1.0 + run_s), 10.0) is over


def test_what_needs_no_process_is_tried_again_and_has_failed_though_the_machine_stood_still_each_time(tmp_path: Path) -> None:
    assert " 1 failed, 1 passed in " in outcome(tmp_path, "pytestmark = []\n" + ALWAYS + ONCE)


def test_what_cannot_be_judged_is_skipped_with_the_reason(tmp_path: Path) -> None:
    said = outcome(tmp_path, ALWAYS)
    assert " 1 skipped in " in said
    assert stalls.REASON in said


@pytest.mark.parametrize(
    ("clock_s", "run_s", "still"), [(0.5, 0.0, False), (1.0, 0.0, True), (60.0, 55.0, False), (60.0, 54.0, True), (1.0, 1.1, False)]
)
def test_what_is_missing_counts(clock_s: float, run_s: float, *, still: bool) -> None:
    assert stood_still(Reading(100.0, 7.0), Reading(100.0 + clock_s, 7.0 + run_s)) is still


def test_the_readings_of_this_machine_go_forward() -> None:
    before, after = stalls.read(), stalls.read()
    assert before.clock_s <= after.clock_s
    assert 0 < before.run_s <= after.run_s
