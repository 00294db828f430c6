"""Threads that nobody waits for."""

import subprocess
import sys
import threading
from concurrent.futures import Future

import pytest

from actors.agent_session.engine.daemon_executor import DaemonExecutor

DEADLINE_S = 100.0
PROCESS_S = 60.0
"""A fresh interpreter imports everything, on a machine that may have much else to do."""
LEAVING = """
import threading
from actors.agent_session.engine.daemon_executor import DaemonExecutor
DaemonExecutor(2, "stuck").submit(threading.Event().wait)
"""


def test_results_and_failures_are_the_futures() -> None:
    executor = DaemonExecutor(2, "worker")
    assert executor.submit(lambda a, *, b: a + b, 1, b=2).result(DEADLINE_S) == 3
    with pytest.raises(SystemExit):
        executor.submit(sys.exit, 3).result(DEADLINE_S)


def test_every_call_is_made_and_no_more_than_the_bound_at_a_time() -> None:
    executor = DaemonExecutor(3, "worker")
    lock, running, most = threading.Lock(), [0], [0]

    def call(number: int) -> int:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1
        return number

    futures = [executor.submit(call, number) for number in range(300)]
    assert [future.result(DEADLINE_S) for future in futures] == list(range(300))
    assert most[0] <= 3


def test_a_call_that_was_cancelled_while_it_waited_is_not_made() -> None:
    executor = DaemonExecutor(1, "worker")
    go = threading.Event()
    first = executor.submit(go.wait, DEADLINE_S)
    made: list[int] = []
    second: Future[None] = executor.submit(made.append, 1)
    assert second.cancel()
    go.set()
    assert first.result(DEADLINE_S)
    assert executor.submit(made.append, 2).result(DEADLINE_S) is None
    assert made == [2]


def test_a_call_that_never_returns_does_not_hold_up_the_end_of_its_process() -> None:
    assert subprocess.run([sys.executable, "-c", LEAVING], timeout=PROCESS_S, check=False).returncode == 0
