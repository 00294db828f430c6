"""Pieces of Python run in an interpreter of their own: what forks, takes signals or sets up a process is not done to pytest's."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import supervision


def environment() -> dict[str, str]:
    """That of this run, with the same packages and the helpers of the tests to be found."""
    path = [str(Path(supervision.__file__).parents[1]), str(Path(__file__).parents[1])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}


def python(code: str, *, status: int = 0, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
    """Run ``code``; it must end with ``status``, and before ``timeout_s``, which only what hangs reaches on the slowest machine."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    run = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=timeout_s, check=False)
    assert run.returncode == status, run.stderr
    return run
