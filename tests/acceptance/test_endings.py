"""However a program with a running call ends, or is ended: nothing of it is left, and it said why."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import one_call, program
from support.leftovers import Leftovers
from support.program import Program

pytestmark = pytest.mark.processes

SCRIPT = one_call.__file__
REPLY = one_call.price("pizza")
NOTHING = Leftovers()


@pytest.fixture
def talking(tmp_path: Path) -> Iterator[Program]:
    """A program in the middle of a call."""
    with Program(tmp_path, [SCRIPT, "talks_on"]) as running:
        for _ in range(3):
            running.hear(lambda line: line.endswith(REPLY.removeprefix("Pizza")))
        assert {"admin", "application", "launcher"} <= running.roles().keys()
        running.listening()
        yield running


@pytest.mark.parametrize(
    ("victim", "said"),
    [
        ("admin", "the system has ended: the supervision tree has ended: killed"),
        ("application", "the system has ended: the supervision tree has ended: killed"),
        ("launcher", "the system has ended: the launcher was killed by SIGKILL"),
    ],
)
def test_whoever_is_killed_above_the_calls_the_script_is_told_and_nothing_is_left(talking: Program, victim: str, said: str) -> None:
    os.kill(talking.roles()[victim], signal.SIGKILL)
    assert talking.left() == NOTHING
    assert talking.wait() == 1
    assert talking.last_words().endswith(f"SystemUnavailableError: {said}")


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_whatever_signal_ends_the_script_nothing_is_left(talking: Program, sign: signal.Signals) -> None:
    if sign is signal.SIGINT:
        talking.interrupt()
    else:
        os.kill(talking.pid, sign)
    assert talking.left() == NOTHING
    assert talking.wait() == -sign
    assert ("KeyboardInterrupt" in talking.complaints()) == (sign is signal.SIGINT)


@pytest.mark.parametrize(
    ("way", "code", "last_words"),
    [
        ("returns", 0, ""),
        ("stops", 0, ""),
        ("forgets_to_stop", 0, ""),
        ("exits", 3, ""),
        ("exits_at_once", 3, ""),
        ("raises", 1, "ValueError: a defect of the script"),
        ("starts_inside_a_loop", 0, ""),
        ("has_eight_threads", 0, ""),
    ],
)
def test_however_the_script_ends_itself_nothing_is_left(tmp_path: Path, way: str, code: int, last_words: str) -> None:
    with Program(tmp_path, [SCRIPT, way]) as running:
        running.hear()
        running.listening()
        assert running.wait() == code
        assert running.left() == NOTHING
        assert running.last_words() == last_words


def test_a_closed_pipe_ends_the_script_and_nothing_is_left(tmp_path: Path) -> None:
    with Program(tmp_path, ["sh", "-c", f"{sys.executable} {SCRIPT} talks_on | head -3"]) as running:
        assert running.wait() == 0
        assert running.left() == NOTHING
        assert "BrokenPipeError" in running.last_words()


@pytest.mark.parametrize("after_s", [0.05, 0.2, 0.35])
def test_a_script_that_dies_while_the_system_comes_up_leaves_nothing(tmp_path: Path, after_s: float) -> None:
    """At whatever moment of the start that is: the timer's signal ends the process."""
    code = f"""
import asyncio, signal
from livekitex_agent import AgentSystem, Options

async def main():
    signal.setitimer(signal.ITIMER_REAL, {after_s})
    async with AgentSystem.start(Options(preload=False)) as system:
        await system.wait_ended()

asyncio.run(main())
"""
    with Program(tmp_path, ["-c", code]) as running:
        assert running.wait() == -signal.SIGALRM
        assert running.left() == NOTHING


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
