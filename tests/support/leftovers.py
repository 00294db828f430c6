"""What a run leaves behind: processes, listening ports and files.

A process belongs to a run when it descends from it or was started with its mark in the environment, which every descendant inherits
and which outlives the parent.  Zombies are dead; only their parent can remove them.
"""

import os
import select
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from support import procfs

MARK = "LIVEKITEX_RUN_MARK"
SETTLE_S = 5.0  # the promise: this long after the end nothing remains
SHARED_MEMORY = Path("/dev/shm")
PYTEST_FOLDERS = "pytest-of-"  # pytest keeps the folders of its last runs on purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What remains, each as a text for people; false when nothing does."""

    processes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.processes or self.ports or self.files)

    def __str__(self) -> str:
        count = f"left: {len(self.processes)} processes {len(self.ports)} ports {len(self.files)} files"
        return "\n".join([*(f"  {what}" for what in (*self.processes, *self.ports, *self.files)), count])


def descends(pid: int, ancestors: set[int], parent_of: Callable[[int], int | None] = procfs.parent) -> bool:
    """Whether one of ``ancestors`` is above ``pid``."""
    seen = set()
    while pid not in seen and (parent := parent_of(pid)):
        seen.add(pid)
        pid = parent
        if pid in ancestors:
            return True
    return False


def belonging(roots: set[int], mark: str, candidates: Iterable[int]) -> set[int]:
    """Those of ``candidates`` that live and belong to the run of ``roots`` and ``mark``; the roots themselves do not count."""
    return {
        pid
        for pid in candidates
        if pid not in roots
        and (found := procfs.stat(pid))
        and found.state not in "ZX"
        and (procfs.environ(pid).get(MARK) == mark or descends(pid, roots))
    }


def wait_for_end(survivors: Callable[[], set[int]], *, timeout_s: float = SETTLE_S) -> set[int]:
    """Wait until ``survivors`` answers none, at most ``timeout_s``; returns its last answer."""
    deadline = time.monotonic() + timeout_s
    while alive := survivors():
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            break
        _wait_for_one(alive, remaining)
    return alive


def _wait_for_one(alive: set[int], timeout_s: float) -> None:
    poller = select.poll()
    descriptors = []
    try:
        for pid in alive:
            try:
                descriptors.append(os.pidfd_open(pid))
            except ProcessLookupError:
                return
            poller.register(descriptors[-1], select.POLLIN)
        poller.poll(timeout_s * 1000)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def describe(alive: Collection[int]) -> Leftovers:
    """The processes with their command lines, and the ports on which they listen."""
    open_ports = procfs.listeners() if alive else {}  # the kernel takes 10 ms for the list
    processes = []
    ports = []
    for pid in sorted(alive):
        title = procfs.command_line(pid)
        processes.append(f"process {pid}: {title}")
        ports += [f"port {port} of process {pid}" for port in sorted(procfs.listening_ports(pid, open_ports))]
    return Leftovers(processes=tuple(processes), ports=tuple(ports))


def files_below(folder: Path) -> list[str]:
    """Every file below ``folder``, and every empty folder; what pytest keeps for its users does not count."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(PYTEST_FOLDERS)]
        found += [str(Path(parent, name)) for name in names]
        if not os.listdir(parent):
            found.append(parent)
    return sorted(found)


def new_shared_memory(before: set[str]) -> list[str]:
    """Entries of ``/dev/shm`` that came since ``before`` and that no living process uses: another program's are in its use."""
    new = {str(SHARED_MEMORY / name) for name in shared_memory() - before}
    for pid in procfs.pids() if new else ():
        new -= procfs.mapped_files(pid)
        new -= set(procfs.open_links(pid))
    return sorted(new)


def shared_memory() -> set[str]:
    """The names in ``/dev/shm``."""
    return set(os.listdir(SHARED_MEMORY)) if SHARED_MEMORY.is_dir() else set()
