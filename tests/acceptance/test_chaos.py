"""Whatever dies beneath the calls, and however: each text is answered once, each event is told once, and nothing is left."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes


def test_calls_answer_each_text_once_whatever_dies_beneath_them(checkout: Path) -> None:
    command = [sys.executable, str(checkout / "benchmarks" / "chaos.py"), "--strikes", "20", "--calls", "3"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "strikes in" in run.stdout
