"""Every ending of a program with a running call: ``python -m benchmarks.endings``.

Printed for each: the exit code, how long until the last process was gone, what was left 5 s later (processes found by a mark that each
inherits in its environment, listening sockets, files in the temporary folders and in /dev/shm), how many files of the call's journal stay,
and the last thing that the program said. Exits with 1 if anything was left.
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support.program import Program

SCRIPT = str(Path(__file__).parents[1] / "tests" / "support" / "one_call.py")
REPLIES = 3
ITS_OWN = ("returns", "stops", "forgets_to_stop", "exits", "exits_at_once", "raises", "starts_inside_a_loop", "has_eight_threads")
KILLED = ("admin", "launcher", "application")
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Measure and print."""
    print(f"{'ending':<28} {'exit':>4} {'gone after ms':>13} {'processes':>9} {'ports':>5} {'files':>5} {'journal':>7}  last words")
    left = [_row(way.replace("_", " "), [SCRIPT, way], lambda program: program.wait()) for way in ITS_OWN]
    left.append(_row("| head -3", ["sh", "-c", f"{sys.executable} {SCRIPT} talks_on | head -3"], lambda program: program.wait()))
    left += [_row(f"kill -9 {role}", [SCRIPT, "talks_on"], partial(_kill, role)) for role in KILLED]
    left += [_row(f"{sign.name} to the script", [SCRIPT, "talks_on"], partial(_signal, sign)) for sign in SIGNALS]
    return int(any(left))


def _row(ending: str, command: list[str], end: Callable[[Program], object]) -> bool:
    with tempfile.TemporaryDirectory() as folder, Program(Path(folder), command) as program:
        for _ in range(REPLIES):
            program.hear()
        program.listening()
        end(program)
        began = time.monotonic()
        left = program.left()
        took_ms = (time.monotonic() - began) * 1000
        figures = f"{len(left.processes):>9} {len(left.ports):>5} {len(left.files):>5} {len(program.journals()):>7}"
        print(f"{ending:<28} {program.wait():>4} {took_ms:>13.0f} {figures}  {program.last_words() or '-'}", flush=True)
        return bool(left)


def _kill(role: str, program: Program) -> None:
    os.kill(program.roles()[role], signal.SIGKILL)


def _signal(sign: signal.Signals, program: Program) -> None:
    if sign is signal.SIGINT:
        program.interrupt()
    else:
        os.kill(program.pid, sign)


if __name__ == "__main__":
    sys.exit(main())
