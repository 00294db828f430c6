"""What the processes below leave behind: programs and daemons that user code had started, whose own parent has ended.

Every process that has children of ours is a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER): an orphan comes to the nearest one above it,
whatever session or process group it has put itself into. While our children live, orphans are only reaped. When one of ours has ended they
are killed, each with what it leaves in its turn. They are told from our own children by the process id alone: we know whom we forked.
"""

import logging
import os
import signal
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from protocols import Clock
from supervision.thespian_seam.process import describe, on_signals, prctl
from supervision.thespian_seam.reactor import Reactor

log = logging.getLogger("livekitex.seam")

SWEEP_S: Final = 0.2
"""How long killed orphans may take to be gone; what the kernel does not end meanwhile is left, and logged."""

_PASSES: Final = 16
"""How often in a row orphans are looked for and killed: one that forks and ends, over and over, is caught between the two."""
_PAUSE_S: Final = 0.001
_PR_SET_CHILD_SUBREAPER: Final = 36
_TASKS: Final = Path("/proc/self/task")


class Orphans:
    """The children of this process that are not its ``own``; the process ids of those are asked for at each look."""

    def __init__(self, reactor: Reactor, clock: Clock, own: Callable[[], Collection[int]]) -> None:
        self._reactor = reactor
        self._clock = clock
        self._own = own
        self._adopting = False

    def adopt(self) -> None:
        """Be the parent of every descendant whose parent ends, from now on, and reap it; on the main thread. Again does no harm."""
        if not self._adopting:
            self._adopting = True
            prctl(_PR_SET_CHILD_SUBREAPER, 1)
            on_signals([signal.SIGCHLD], lambda _number: self._reactor.post_from_signal(self._reap))

    def _reap(self) -> None:
        self._living()

    def _found(self) -> set[int]:
        """Their process ids, those of ended ones that were not waited for included."""
        return set(children()).difference(self._own()) if self._adopting else set()

    def _living(self) -> list[int]:
        """The process ids of those that have not ended; the others are waited for."""
        return [pid for pid in self._found() if not _ended(pid)]

    def end(self, then: Callable[[], None], within_s: float = SWEEP_S) -> None:
        """Kill them, and what comes to us as they die, until none remains or ``within_s`` is over; then call ``then``, possibly at once."""
        self._sweep(then, self._clock.monotonic() + within_s)

    def _sweep(self, then: Callable[[], None], until: float) -> None:
        passes = 0
        while passes < _PASSES and self._kill():
            passes += 1
        if passes == _PASSES:
            if self._clock.monotonic() < until:
                self._reactor.call_later(_PAUSE_S, lambda: self._sweep(then, until))
                return
            if left := self._living():
                log.error("processes that were left behind do not end", extra={"processes": [describe(pid) for pid in left]})
        then()

    def _kill(self) -> bool:
        """Kill all that there are now; whether there were any, ended ones included: what those leave has come to us after we looked."""
        found = self._found()
        for pid in found:
            if not _ended(pid):
                with suppress(PermissionError):  # it has become another user's, which is told in the end
                    os.kill(pid, signal.SIGKILL)
        return bool(found)


def children() -> list[int]:
    """The process ids of this process's children, ended ones that were not waited for included.

    proc(5), ``/proc/PID/task/TID/children``: 0.1 ms, where a look at every process of the machine takes 37 ms at 1,800 of them.
    """
    found: list[int] = []
    for thread in _TASKS.iterdir():
        with suppress(OSError):  # the thread has ended
            found += map(int, (thread / "children").read_bytes().split())
    return found


def _ended(pid: int) -> bool:
    """Whether it has ended, and is waited for. Asked of the kernel: one whose main thread has left is a zombie that runs."""
    try:
        return os.waitpid(pid, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return True
