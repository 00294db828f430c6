"""However a program with a running call ends, or is ended: nothing of it is left, and it said why. All of them: `benchmarks.endings`."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from support import program
from support.endings import ENDINGS, Outcome, end, problems
from support.program import Program

pytestmark = pytest.mark.processes

AT_ONCE = 4
"""Programs that run beside each other: an ending is mostly waiting."""

BY_ITSELF = (
    "returns",
    "stops, calls that nobody follows",
    "forgets to stop",
    "os._exit(3)",
    "uncaught exception",
    "executes another program",
    "hangs in its exit handlers",
    "in a thread, the main one has ended",
    "as a daemon",
)
FORKS = (
    "forks, forgets to stop",
    "its fork leaves the with block",
    "its fork leaves that of the twin",
)
KILLED = (
    "SIGKILL of the launcher, tools' programs run",
    "SIGKILL of the admin",
    "SIGKILL of the root",
)
SIGNALLED = (
    "SIGKILL to the script",
    "SIGTERM to the script",
    "Ctrl-C twice",
    "Ctrl-C after 0.2 s of its start",
    "SIGKILL after 0.35 s of its start",
    "the terminal is closed",
)
DRAINED = (
    "serves, SIGINT, with the twin",
    "serves, SIGTERM to everybody in any order",
    "serves, the launcher's drain takes too long",
    "serves, a second SIGTERM hurries",
)
CLOSED_PIPE = "stdout closed: | head -3"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[Outcome]]:
    """Each ending, played to its end before the first test looks at one; several at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        names = [*BY_ITSELF, CLOSED_PIPE, *FORKS, *KILLED, *SIGNALLED, *DRAINED]
        return {name: pool.submit(end, ENDINGS[name], tmp_path_factory.mktemp("ending"), within_s=program.PATIENCE_S) for name in names}


@pytest.mark.parametrize("name", BY_ITSELF)
def test_however_the_script_ends_itself_nothing_is_left(played: dict[str, Future[Outcome]], name: str) -> None:
    assert problems(ENDINGS[name], played[name].result()) == []


def test_a_closed_pipe_ends_the_script_and_nothing_is_left(played: dict[str, Future[Outcome]]) -> None:
    assert problems(ENDINGS[CLOSED_PIPE], played[CLOSED_PIPE].result()) == []


@pytest.mark.parametrize("name", FORKS)
def test_a_fork_neither_keeps_the_system_alive_nor_ends_it(played: dict[str, Future[Outcome]], name: str) -> None:
    assert problems(ENDINGS[name], played[name].result()) == []


@pytest.mark.parametrize("name", KILLED)
def test_whoever_is_killed_above_the_calls_the_script_is_told_and_nothing_is_left(played: dict[str, Future[Outcome]], name: str) -> None:
    assert problems(ENDINGS[name], played[name].result()) == []


@pytest.mark.parametrize("name", SIGNALLED)
def test_whatever_signal_ends_the_script_nothing_is_left(played: dict[str, Future[Outcome]], name: str) -> None:
    assert problems(ENDINGS[name], played[name].result()) == []


@pytest.mark.parametrize("name", DRAINED)
def test_a_signal_drains_whoever_gets_it_and_a_second_one_hurries(played: dict[str, Future[Outcome]], name: str) -> None:
    assert problems(ENDINGS[name], played[name].result()) == []


def test_what_is_left_is_found(tmp_path: Path) -> None:
    """The proof proves something: a process, a port and a file that are left are all seen."""
    code = """
import os, socket, subprocess, sys, tempfile
server = socket.create_server(("127.0.0.1", 0))
subprocess.Popen([sys.executable, "-c", "import signal; print(flush=True); signal.pause()"], pass_fds=[server.fileno()])
tempfile.mkstemp()
"""
    with Program(tmp_path, ["-c", code]) as running:
        running.process.wait(program.PATIENCE_S)
        left = running.left(0.0)
        assert (len(left.processes), len(left.ports), len(left.files)) == (1, 1, 1)
    assert not running.pids()
