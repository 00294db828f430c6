"""A tool that starts what outlives it, in each way there is."""

import multiprocessing
import os
import signal
import subprocess
from pathlib import Path

LONG_S = 3_600


def start_everything() -> str:
    """Start a program, one that has left its session and its parent, and a forked worker; gives their process ids."""
    return f"{_program()} {_daemon()} {_worker()}"


def _program() -> int:
    return subprocess.Popen(["sleep", str(LONG_S)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid


def _daemon() -> int:
    command = f"setsid sleep {LONG_S} >/dev/null 2>&1 & echo $!"
    return int(subprocess.run(["sh", "-c", command], check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout)


def _worker() -> int:
    worker = multiprocessing.get_context("fork").Process(target=_work)
    worker.start()
    assert worker.pid is not None
    return worker.pid


def _work() -> None:
    Path(f"/proc/{os.getpid()}/comm").write_text("worker")  # it is past what every fork does
    signal.pause()
