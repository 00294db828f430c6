"""What a process of the system does to be a good one on Linux: it dies with its parent, owns its descriptors, and can crash.

How it works. A process is forked by `fork`, from the main thread of one that has no other thread, with all signals blocked. The child
freezes what it was born with for the garbage collector, asks the kernel to kill it when its parent ends (prctl(2), ``PR_SET_PDEATHSIG``,
which is about the forking thread), looks whether that has happened already, gives faults of native code back to the kernel, and only then
lets signals in and runs. It ends by `end_process`, past Python's own shutdown, which would run what belongs to the parent.
"""

import ctypes
import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from setproctitle import setproctitle

from protocols import InternalError, set_environment_defaults
from supervision.private_descriptors import our_fork

log = logging.getLogger("livekitex.seam")

EXIT_ORPHANED: Final = 71
EXIT_UNHANDLED: Final = 70

ASKED_TO_END: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
"""The signals by which a whole group of processes is asked to end."""

_PR_SET_PDEATHSIG: Final = 1
_TASKS: Final = Path("/proc/self/task")
_STDERR_FD: Final = 2

_libc = ctypes.CDLL(None, use_errno=True)


def fork(main: Callable[[], object]) -> int:
    """Run ``main`` in a child and return its process id; the child ends when ``main`` does, and dies when this process does.

    Cures C5, A2 and A6: Thespian leaves its processes running when their parent is killed, and forks its admin away from its starter.
    No signal handler of this process ever runs in the child. ``main`` runs on top of the parent's frames and what was there before is
    frozen, so nothing of the parent's is finalised in the child (which would close descriptors that the child has opened since), and the
    garbage collector does not touch memory that both share.

    Another thread may hold a lock at this moment, of the allocator say, which nothing would ever release in the child: so there must be
    none, those of libraries included, which Python does not know.

    Raises:
        OSError: there is no room for another process.
        InternalError: there are other threads, which the text names as proc(5) does (``comm``); or this is not the main thread, with which
            the child would die.
    """
    if threading.current_thread() is not threading.main_thread():
        raise InternalError("a process is forked from the main thread only: the child dies with the thread that forked it")
    if others := _other_threads():
        raise InternalError(
            f"a process that has other threads ({', '.join(others)}) is not forked, since a lock of theirs would stay locked in the child: "
            "start threads when a call runs, not when a module is imported"
        )
    parent = os.getpid()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        with our_fork():
            pid = os.fork()
        if not pid:
            _run_child(main, parent, mask)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return pid


def _run_child(main: Callable[[], object], parent: int, mask: Iterable[int]) -> NoReturn:
    code = EXIT_UNHANDLED
    try:
        gc.freeze()
        die_with(parent)
        reset_signals()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        main()
        code = 0
    except BaseException:
        log.exception("a process of the system ended by an exception")
    finally:
        end_process(code)


def end_process(code: int) -> NoReturn:
    """End at once: what is buffered for the standard streams is written, nothing else of Python's shutdown runs."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that forked it ends, even by SIGKILL; ends it now if that has happened."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(EXIT_ORPHANED)


def reset_signals() -> None:
    """Give up the handlers inherited from the parent, and let a fault of native code end the process.

    Cures C1 and C2: Thespian installs a Python handler for every signal, so that a segmentation fault becomes an endless loop. Faults, and
    SIGUSR1 on request, print the stacks of all threads on standard error. What a terminal, a service manager or ``kill`` sends to a whole
    group (`ASKED_TO_END`) is the launcher's to decide: others ignore it, or a group's signal would end calls that the launcher drains, and
    have their supervisors restart them. Who wants to end one process has SIGKILL.
    """
    signal.set_wakeup_fd(-1)
    faulthandler.disable()
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    ignore = partial(_ignore, os.getpid())
    for number in ASKED_TO_END:
        signal.signal(number, ignore)
    faulthandler.enable(_STDERR_FD)
    faulthandler.register(signal.SIGUSR1, _STDERR_FD)


def on_signals(numbers: Iterable[signal.Signals], callback: Callable[[signal.Signals], None]) -> None:
    """Call back for each of these signals, from the handler: ``callback`` must take no lock and not raise."""
    taken = set(numbers)
    for number in taken:
        signal.signal(number, lambda got, _frame: callback(signal.Signals(got)))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, taken)  # whoever started this process may have had them blocked


def _ignore(owner: int, number: int, _frame: FrameType | None) -> None:
    """Do nothing in the process ``owner``. What it executes or forks for itself dies of the signal, as anybody does: so no SIG_IGN."""
    if os.getpid() != owner:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


def close_foreign_fds(keep: Iterable[int]) -> None:
    """Close every descriptor but the standard streams and ``keep``. Cures A4 and A5: a forked listening socket accepts for the dead."""
    kept = {0, 1, 2, *keep}
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with suppress(OSError):  # the descriptor that listed the folder
                os.close(int(name))


def _other_threads() -> list[str]:
    """The names of all threads but the calling one."""
    names = []
    for thread in _TASKS.iterdir():
        if thread.name != str(threading.get_native_id()):
            with suppress(OSError):  # it has ended
                names.append((thread / "comm").read_text().rstrip("\n"))
    return sorted(names)


def set_title(title: str) -> None:
    """Show what this process is in ``ps``."""
    setproctitle(f"livekitex: {title}")


def keep_environment_readable() -> None:
    """Have titles written over the command line only, for this process and its children; to be called before the first `set_title`.

    Otherwise they are written over the environment too, and whoever looks for a run's processes by a mark there finds none.
    """
    set_environment_defaults({"SPT_NOENV": "1"})


def scheduled_ns(pid: int) -> int:
    """How long the main thread of ``pid`` has run and waited in a run queue, in ns; 0 if the kernel does not tell.

    Source: Linux, Documentation/scheduler/sched-stats.rst, "/proc/<pid>/schedstat".
    """
    try:
        running, waiting, _slices = Path(f"/proc/{pid}/schedstat").read_text("ascii").split()
    except (OSError, ValueError):
        return 0
    return int(running) + int(waiting)


def describe(pid: int) -> str:
    """Process id, name and state, as in proc_pid_stat(5); the id alone where there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return str(pid)
    return stat[: stat.rindex(")") + 3]


def is_stopped(pid: int) -> bool:
    """Whether ``pid`` was stopped, by a signal or a debugger."""
    return describe(pid).endswith((") T", ") t"))


def prctl(option: int, value: int) -> None:
    """Set one of this process's attributes.

    Raises:
        OSError: the kernel refuses.
    """
    if _libc.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
