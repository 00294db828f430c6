"""Every way in which a program with a running call ends, and what is to be seen of each. `ENDINGS` is the table; `end` plays one."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import one_call
from support.leftovers import Leftovers
from support.program import Program

TERMINAL = str(Path(__file__).with_name("terminal.py"))
AFTER_GREETING = 4
"""Lines that a program has said in the middle of its call: the greeting and three replies."""
KILLED = "process was killed by SIGKILL (by hand, or by the kernel for want of memory): start another one"
DRAINED = ("A pizza costs nine dollars. while draining", "the caller hung up", "served")
STOPPED = ("system stopped", "served")
NEVER_HANGS_UP = ("serves_a_caller_who_never_hangs_up",)
TERM, INT, HUP, QUIT, KILL = signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL

Act = Callable[[Program], object]


def nothing(_running: Program) -> None:
    """It ends by itself."""


def to_script(number: signal.Signals) -> Act:
    return lambda running: os.kill(running.pid, number)


def to_roles(number: signal.Signals, *roles: str) -> Act:
    def act(running: Program) -> None:
        pids = running.roles()
        for role in roles:
            os.kill(pids[role] if role != "script" else running.pid, number)

    return act


def to_launchers_group(number: signal.Signals) -> Act:
    return lambda running: os.killpg(running.roles()["launcher"], number)


def to_everybody(number: signal.Signals) -> Act:
    """Each process by itself, in any order, as a service manager does."""

    def act(running: Program) -> None:
        pids = sorted(running.pids())
        random.Random(running.mark).shuffle(pids)
        for pid in pids:
            with suppress(ProcessLookupError):  # whoever got it before has ended this one
                os.kill(pid, number)

    return act


def twice(act: Act, *, after: str) -> Act:
    """Again when ``after`` stands on standard error."""

    def both(running: Program) -> None:
        act(running)
        running.complains(after)
        act(running)

    return both


def press_twice(running: Program) -> None:
    running.interrupt()
    running.interrupt()


def kill_when_there_is(role: str) -> Act:
    def act(running: Program) -> None:
        while role not in (pids := running.roles()):
            assert running.process.poll() is None
        os.kill(pids[role], KILL)

    return act


def with_a_stopped_session(act: Act) -> Act:
    def both(running: Program) -> None:
        (session,) = (pid for role, pid in running.roles().items() if role.startswith("agent_session"))
        os.kill(session, signal.SIGSTOP)
        act(running)

    return both


@dataclass(frozen=True)
class Ending:
    """``act`` is done once ``command`` has said ``lines`` lines; then ``code`` is its exit code, ``exit_message`` stand in the last line of
    its own on standard error, and ``heard`` are the last lines on standard output. ``hangs``: the script itself never ends. ``journals``:
    how many calls another system may take up.
    """

    name: str
    command: tuple[str, ...]
    act: Act = nothing
    code: int = 0
    exit_message: str = ""
    heard: tuple[str, ...] = ()
    lines: int = AFTER_GREETING
    hangs: bool = False
    journals: int = 0


@dataclass(frozen=True)
class Outcome:
    """What was seen. ``took_s`` is the time from the end of the program to that of the last process of its system."""

    code: int | None
    left: Leftovers
    exit_message: str
    heard: tuple[str, ...]
    journals: int
    took_s: float
    complaints: str


def script(way: str, *arguments: str) -> tuple[str, ...]:
    return (one_call.__file__, way, *arguments)


def own(name: str, way: str, *, code: int = 0, **more: Any) -> Ending:
    """The script ends itself."""
    return Ending(name, script(way), code=code, **more)


def pipe(name: str, pipeline: str, exit_message: str = "") -> Ending:
    talks = " ".join((sys.executable, *script("talks_on")))
    return Ending(name, ("sh", "-c", pipeline.format(talks=talks)), exit_message=exit_message, lines=3)


def told(name: str, act: Act, whose: str, way: str = "talks_on") -> Ending:
    """A process of the system is killed, and the script is told whose."""
    return Ending(name, script(way), act, 1, f"the system has ended: its {whose} {KILLED}", journals=1)


def not_started(name: str, whose: str) -> Ending:
    said = f"the system could not start: its {whose} {KILLED}"
    return Ending(name, script("talks_on"), kill_when_there_is(whose), 1, said, lines=0)


def dies(name: str, act: Act, number: signal.Signals, way: str = "talks_on") -> Ending:
    """A signal ends the script, which leaves its call to be taken up."""
    return Ending(name, script(way), act, -number, journals=1)


def interrupted(name: str, act: Act, way: str = "talks_on") -> Ending:
    """The script is interrupted, and stops on its way out."""
    return Ending(name, script(way), act, -INT, "KeyboardInterrupt")


def during_start(number: signal.Signals, after_s: str, exit_message: str = "") -> Ending:
    name = "Ctrl-C" if number is INT else number.name
    command = script("starts_and_is_interrupted", after_s, str(int(number)))
    return Ending(f"{name} after {after_s} s of its start", command, code=-number, exit_message=exit_message, lines=0)


def in_terminal(name: str, key: str, number: signal.Signals, journals: int) -> Ending:
    command = (TERMINAL, key, str(AFTER_GREETING), sys.executable, *script("talks_on"))
    return Ending(name, command, heard=(str(-number),), journals=journals)


def serves(name: str, act: Act, *, heard: tuple[str, ...] = DRAINED, way: tuple[str, ...] = ("serves",), lines: int = 4) -> Ending:
    """The script serves, and the call goes on until its own end, or that of the drain."""
    return Ending(f"serves, {name}", script(*way), act, heard=heard, lines=lines)


_ITS_OWN = (
    own("returns", "returns"),
    own("stops", "stops"),
    own("stops, calls that nobody follows", "stops_calls_that_nobody_follows"),
    own("forgets to stop", "forgets_to_stop", journals=1),
    own("sys.exit(3)", "exits", code=3, journals=1),
    own("os._exit(3)", "exits_at_once", code=3, journals=1),
    own("os.abort()", "aborts", code=-signal.SIGABRT, journals=1),
    own("uncaught exception", "raises", code=1, exit_message="ValueError: a defect of the script", journals=1),
    own("executes another program", "executes_another_program", journals=1),
    own("hangs in its exit handlers", "hangs_in_its_exit_handlers", hangs=True, journals=1),
    pipe("stdout closed: | head -3", "{talks} | head -3", "BrokenPipeError: [Errno 32] Broken pipe"),
    pipe("all output closed: 2>&1 | head -3", "{talks} 2>&1 | head -3"),
)
_WHERE = (
    own("inside a running loop", "starts_inside_a_loop", lines=3),
    own("beside eight threads", "has_eight_threads", journals=1),
    own("in a thread, the main one has ended", "runs_in_a_thread", journals=1),
    own("as a daemon", "becomes_a_daemon", journals=1),
    own("forks, forgets to stop", "forks_and_forgets_to_stop", journals=1),
    own("forks, os._exit(3)", "forks_and_exits_at_once", code=3, journals=1),
    own("forks behind Python's back", "forks_behind_pythons_back", journals=1),
    own("its fork leaves the with block", "forks_a_child_that_leaves_first", lines=3),
    own("its fork leaves that of the twin", "forks_a_child_of_the_twin_that_leaves_first", lines=3),
)
_KILLED = (
    told("SIGKILL of the launcher", to_roles(KILL, "launcher"), "launcher"),
    told("SIGKILL of the admin", to_roles(KILL, "admin"), "admin"),
    told("SIGKILL of the root", to_roles(KILL, "application"), "root"),
    told("SIGKILL of the launcher's group", to_launchers_group(KILL), "launcher"),
    told("SIGKILL of the launcher, tools' programs run", to_roles(KILL, "launcher"), "launcher", "talks_on_and_starts_programs"),
    told("SIGKILL of the admin, tools' programs run", to_roles(KILL, "admin"), "admin", "talks_on_and_starts_programs"),
    dies("SIGKILL of the script, tools' programs run", to_script(KILL), KILL, "talks_on_and_starts_programs"),
    dies("SIGKILL of script and launcher", to_roles(KILL, "script", "launcher"), KILL),
    dies("SIGKILL of script and admin", to_roles(KILL, "script", "admin"), KILL),
    dies("SIGKILL of everybody", to_everybody(KILL), KILL),
    dies("SIGKILL of the script, a session is stopped", with_a_stopped_session(to_script(KILL)), KILL),
    not_started("SIGKILL of the launcher at its start", "launcher"),
    not_started("SIGKILL of the admin at its start", "admin"),
)
_SIGNALLED = (
    *(dies(f"{number.name} to the script", to_script(number), number) for number in (KILL, TERM, HUP, QUIT)),
    interrupted("Ctrl-C", Program.interrupt),
    interrupted("Ctrl-C twice", press_twice),
    interrupted("Ctrl-C while it stops", nothing, "is_interrupted_while_it_stops"),
    *(during_start(INT, after_s, "KeyboardInterrupt") for after_s in ("0.05", "0.2", "0.35")),
    *(during_start(KILL, after_s) for after_s in ("0.05", "0.2", "0.35")),
    in_terminal("Ctrl-C in a terminal", "^C", INT, journals=0),
    in_terminal("Ctrl-\\ in a terminal", "^\\", QUIT, journals=1),
    in_terminal("the terminal is closed", "close", HUP, journals=1),
)
_SERVING = (
    *(serves(number.name, to_script(number)) for number in (TERM, INT, HUP)),
    serves("SIGINT, with the twin", to_script(INT), way=("serves_sync",), heard=DRAINED[1:], lines=3),
    serves("SIGTERM to the launcher", to_roles(TERM, "launcher")),
    *(serves(f"{number.name} to the launcher's group", to_launchers_group(number)) for number in (TERM, INT, HUP)),
    *(serves(f"{number.name} to everybody in any order", to_everybody(number)) for number in (TERM, INT, HUP)),
    serves("the drain takes too long", to_script(TERM), way=(*NEVER_HANGS_UP, "0.5"), heard=STOPPED),
    serves("the launcher's drain takes too long", to_roles(TERM, "launcher"), way=(*NEVER_HANGS_UP, "0.5"), heard=STOPPED),
    serves("a second SIGTERM hurries", twice(to_everybody(TERM), after="draining"), way=NEVER_HANGS_UP, heard=STOPPED),
    serves("a second one to the launcher hurries", twice(to_roles(TERM, "launcher"), after="draining"), way=NEVER_HANGS_UP, heard=STOPPED),
    told("serves, SIGKILL of the launcher", to_roles(KILL, "launcher"), "launcher", "serves"),
    Ending("SIGTERM to the launcher only", script("talks_on"), to_roles(TERM, "launcher"), 1, "UnavailableError: "),
)

ENDINGS = {ending.name: ending for ending in (*_ITS_OWN, *_WHERE, *_KILLED, *_SIGNALLED, *_SERVING)}


def end(ending: Ending, folder: Path, *, within_s: float) -> Outcome:
    """Run a program in ``folder`` to its end; what is left of it at most ``within_s`` after, and how long that took."""
    with Program(folder, ending.command) as running:
        for _ in range(ending.lines):
            running.hear()
        running.listening()
        ending.act(running)
        code = None if ending.hangs else running.wait()
        began = time.monotonic()
        left = running.left(within_s, besides={running.pid} if ending.hangs else ())
        took_s = time.monotonic() - began
        heard = tuple(running.rest()[-len(ending.heard) :]) if ending.heard else ()
        return Outcome(
            code,
            left,
            running.exit_message(),
            heard,
            len([name for name in running.journals() if name.endswith(".log")]),
            took_s,
            running.complaints(),
        )


def problems(ending: Ending, seen: Outcome) -> list[str]:
    """What is not as the table says; nothing when all is well."""
    log = seen.complaints.splitlines()
    restarted = [line for line in log if "child ended" in line and "final=False" in line] if ending in _SERVING else []
    terminated = ending.heard != STOPPED or any("job ended" in line and "status=terminated" in line for line in log)
    wrong = {
        "left": str(seen.left) if seen.left else "",
        "exit code": "" if seen.code == (None if ending.hangs else ending.code) else str(seen.code),
        "exit message": ""
        if bool(seen.exit_message) == bool(ending.exit_message) and ending.exit_message in seen.exit_message
        else repr(seen.exit_message),
        "heard": "" if seen.heard == ending.heard else str(seen.heard),
        "journals": "" if seen.journals == ending.journals else str(seen.journals),
        "restarted by a signal": "".join(restarted),
        "its JobContext was not terminated": "" if terminated else seen.complaints,
    }
    return [f"{ending.name}: {what}: {text}" for what, text in wrong.items() if text]
