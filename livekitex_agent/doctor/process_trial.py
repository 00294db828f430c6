"""Tries, in an interpreter of its own, what supervised processes need of the kernel, and prints what failed as JSON: a text for each.

It is run by its path and uses the standard library only. Whatever it starts has ended when it ends.
"""

import ctypes
import json
import mmap
import os
import select
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # include/uapi/linux/prctl.h
PATIENCE_MS = 5_000
MEMORY_BYTES = 4 << 20


def fork() -> None:
    """A process can be made, and its end is seen."""
    _, status = os.waitpid(_child(lambda: os._exit(7)), 0)
    if os.waitstatus_to_exitcode(status) != 7:  # noqa: PLR2004 - the child's own
        raise OSError("a child's exit code is lost")


def death_signal() -> None:
    """A child dies with its parent."""
    readable, writable = os.pipe()
    told, tell = os.pipe()

    def parent() -> None:
        os.close(readable)
        here = os.getpid()

        def grandchild() -> None:
            if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
                os.write(tell, b"refused\0")
                os._exit(0)
            os.write(tell, str(os.getpid()).encode() + b"\0" if os.getppid() == here else b"orphaned\0")
            signal.pause()

        _child(grandchild)
        os.write(writable, os.read(told, 64))
        os._exit(0)

    child = _child(parent)
    os.close(writable)
    os.close(tell)
    said = os.read(readable, 64).rstrip(b"\0").decode()
    os.waitpid(child, 0)
    if not said.isdecimal():
        raise OSError(f"prctl {said or 'failed'}")
    if not _ends(told):
        os.kill(int(said), signal.SIGKILL)
        raise OSError("a child outlives its parent")


def process_handle() -> None:
    """The end of a process can be waited for like a file."""
    child = _child(lambda: os._exit(0))
    try:
        handle = os.pidfd_open(child)
        if not _ends(handle):
            raise OSError("a process handle does not tell of the end")
    finally:
        os.waitpid(child, 0)


def shared_memory() -> None:
    """Two processes share memory that is no file's."""
    descriptor = os.memfd_create("livekitex-doctor", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, MEMORY_BYTES)
    memory = mmap.mmap(descriptor, 0)

    def write() -> None:
        memory[-1:] = b"x"
        os._exit(0)

    os.waitpid(_child(write), 0)
    if memory[-1:] != b"x":
        raise OSError("what one process writes the other does not see")


def process_list() -> None:
    """Processes and descriptors are listed in /proc."""
    if str(os.getpid()) not in os.listdir("/proc") or not os.listdir("/proc/self/fd"):
        raise OSError("/proc is not mounted")


TRIALS = {
    "fork": fork,
    "death signal": death_signal,
    "process handle": process_handle,
    "shared memory": shared_memory,
    "/proc": process_list,
}


def _child(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(1)
    return pid


def _ends(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(PATIENCE_MS))


def main() -> None:
    """Try everything."""
    failed = {}
    for name, trial in TRIALS.items():
        try:
            trial()
            failed[name] = ""
        except (OSError, AttributeError) as failure:
            failed[name] = str(failure)
    json.dump(failed, sys.stdout)


if __name__ == "__main__":
    main()
