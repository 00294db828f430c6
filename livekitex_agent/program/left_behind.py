"""What code has left in this process that no fork may have: threads, whose locks stay locked in it, and descriptors, which it would share.

A database connection that is made before the fork would be one socket for all calls. Regular files that are only read are no harm: their
position is shared, but whoever maps or reads them from the start does not care.
"""

import fcntl
import gc
import os
import stat
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_TASKS: Final = Path("/proc/self/task")
_OPEN: Final = Path("/proc/self/fd")

_LOOKS: Final = 20
_PAUSE_S: Final = 0.01
"""A thread that has ended is seen a moment longer: so often is looked again, with this pause, before it counts."""


@dataclass(frozen=True, slots=True)
class Held:
    """The threads of this process by id, and its descriptors by number, each with a name that a reader knows."""

    threads: dict[int, str]
    descriptors: dict[int, str]

    @classmethod
    def now(cls) -> Self:
        """What it holds now."""
        return cls(_threads(), _descriptors())


def left_since(before: Held) -> tuple[str, ...]:
    """What is held now and was not held ``before``, in words; empty if a fork may follow. Blocks for 0.2 s at most."""
    gc.collect()  # what nobody refers to any more closes its descriptors
    pause = threading.Event()
    for _ in range(_LOOKS):
        if not _threads().keys() - before.threads.keys():
            break
        pause.wait(_PAUSE_S)
    now = Held.now()
    threads = [f"thread {name}" for tid, name in sorted(now.threads.items()) if tid not in before.threads]
    descriptors = [
        f"descriptor {number} ({target})"
        for number, target in sorted(now.descriptors.items())
        if before.descriptors.get(number) != target and not _is_only_read(number)
    ]
    return (*threads, *descriptors)


def _threads() -> dict[int, str]:
    named = {thread.native_id: thread.name for thread in threading.enumerate()}
    found: dict[int, str] = {}
    for entry in os.listdir(_TASKS):
        with suppress(OSError):  # it has ended
            found[int(entry)] = named.get(int(entry)) or (_TASKS / entry / "comm").read_text().strip()
    return found


def _descriptors() -> dict[int, str]:
    found: dict[int, str] = {}
    for entry in os.listdir(_OPEN):
        with suppress(OSError):  # it is the one that lists them
            found[int(entry)] = str((_OPEN / entry).readlink())
    return found


def _is_only_read(number: int) -> bool:
    try:
        mode, flags = os.fstat(number).st_mode, fcntl.fcntl(number, fcntl.F_GETFL)
    except OSError:  # it is closed
        return True
    return stat.S_ISREG(mode) and flags & os.O_ACCMODE == os.O_RDONLY
