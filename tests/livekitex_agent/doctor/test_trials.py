"""What is really tried works here, says why where it does not, and leaves nothing."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors import FileStore
from livekitex_agent.doctor import process_trial, trials
from livekitex_agent.options import SystemOptions
from protocols import SystemClock


class Ticking:
    """A clock of a second's steps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now

    def wall(self) -> float:
        return self.now


def refuse(*_arguments: Any, **_named: Any) -> Any:
    raise OSError(1, "not permitted")


def test_processes_of_this_machine() -> None:
    assert trials.try_processes() == dict.fromkeys(process_trial.TRIALS, "")


REFUSED = """
import os, runpy, sys

def refuse(*_):
    raise OSError(1, "not permitted")

setattr(os, sys.argv[2], refuse)
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.mark.parametrize(
    ("refused", "trials_failed"),
    [
        ("fork", {"fork", "death signal", "process handle", "shared memory"}),
        ("pidfd_open", {"process handle"}),
        ("memfd_create", {"shared memory"}),
        ("listdir", {"/proc"}),
    ],
)
def test_what_the_kernel_refuses_is_told(refused: str, trials_failed: set[str]) -> None:
    command = [sys.executable, "-I", "-c", REFUSED, str(trials.PROCESS_TRIAL), refused]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert {name: why for name, why in found.items() if why} == dict.fromkeys(trials_failed, "[Errno 1] not permitted")


def test_a_python_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/python")
    assert trials.try_processes() == {"a fresh Python": "/no/python: No such file or directory"}


def test_the_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    assert trials.try_loopback() == ""
    monkeypatch.setattr(socket, "create_server", refuse)
    assert trials.try_loopback() == "127.0.0.1: not permitted"


def test_a_journal_is_tried_where_its_folder_would_be_made(tmp_path: Path) -> None:
    trial = trials.try_journal(tmp_path / "not" / "there")
    assert (trial.problem, trial.folder) == ("", str(tmp_path / "not" / "there"))
    assert trial.free > 0
    assert not list(tmp_path.iterdir())


def test_a_folder_that_takes_no_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    assert trials.try_journal(tmp_path / "file" / "calls").problem == "Not a directory"
    monkeypatch.setattr(FileStore, "read", lambda *_: None)
    assert trials.try_journal(tmp_path).problem == "what is written is not found"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_clock() -> None:
    assert trials.try_clock(Ticking()) == (1.0, 1.0 - trials.NAP_S)
    step, late = trials.try_clock(SystemClock())
    assert step > 0
    assert late >= 0


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", f"ended by signal {signal.SIGILL.value}"),
        ("import sys; sys.exit('no voice: pip install it')", "no voice: pip install it"),
        ("import sys; sys.exit(3)", "exit code 3"),
        ("pass", ""),
    ],
)
def test_models_are_loaded_in_a_process_of_their_own(code: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "_LOAD_MODELS", code)
    assert trials.try_models(Ticking()) == (problem, 1.0)


def test_models_that_never_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "_LOAD_MODELS", "import signal; signal.pause()")
    monkeypatch.setattr(trials, "MODELS_S", 0.2)
    assert trials.try_models(Ticking())[0] == "not done within 0.2 s"


@pytest.fixture
def no_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield
    assert not list(tmp_path.iterdir())


@pytest.mark.processes
@pytest.mark.usefixtures("no_temporary_files")
def test_a_system_is_started_holds_a_call_and_is_gone() -> None:
    problem, up_s, answered_s = trials.try_start(SystemOptions(), SystemClock(), talk=True)
    assert problem == ""
    assert up_s > 0
    assert answered_s is not None


@pytest.mark.usefixtures("no_temporary_files")
def test_a_system_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    assert "this Python is embedded" in trials.try_start(SystemOptions(), SystemClock(), talk=False)[0]
    monkeypatch.setattr(trials, "START_S", 0.0)
    monkeypatch.setattr(sys, "executable", "/no/python")
    assert trials.try_start(SystemOptions(), SystemClock(), talk=False)[0]
