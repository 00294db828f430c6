import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import actors

pytestmark = pytest.mark.processes
STORM = Path(__file__).with_name("fork_storm.py")


def run_storm(children: int, *flags: str, **variables: str) -> Any:
    command = [sys.executable, *flags, str(STORM), str(children)]
    env = {"PATH": "", "PYTHONPATH": str(Path(actors.__file__).parents[1]), **variables}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=580, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_two_hundred_children_of_a_preloaded_process_use_everything() -> None:
    result = run_storm(200, "-W", "error")
    assert result == {"threads": 0, "ends": {"0": 200}, "environment": True}


def test_a_library_that_was_given_threads_is_seen_and_children_work_still() -> None:
    result = run_storm(4, "-W", "ignore::DeprecationWarning", OPENBLAS_NUM_THREADS="2")
    assert result["ends"] == {"0": 4}
    assert result["threads"] >= 1


def test_nothing_is_written_to_the_home_directory(tmp_path: Path) -> None:
    run_storm(1, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert list(tmp_path.iterdir()) == []
