"""``python tests/nothing_left.py [--interrupt-after S | --kill-after S] [--settle S] -- COMMAND...``: what COMMAND leaves behind.

Runs COMMAND with a mark in its environment and with folders of its own for temporary files, state and sockets; after ``S`` seconds,
if asked, sends SIGINT to its process group (as Ctrl-C does) or SIGKILL to the command alone.  At most 5 s (``--settle``) after its end
nothing of it may remain: prints what does, then ``left: N processes N ports N files``, and removes it.

When the parent of this process dies COMMAND is killed, so that whoever kills a test run at its top leaves nothing either.

Exits with COMMAND's own status, or with 1 if that is 0 and something was left.  An interrupted or killed COMMAND's status does not
count; one that ended before the signal gives 2.
"""

import argparse
import ctypes
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from support import leftovers, procfs

PR_SET_PDEATHSIG = 1  # include/uapi/linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36
FOLDERS = {"TMPDIR": "tmp", "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(usage=__doc__)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--interrupt-after", type=float, metavar="S")
    how.add_argument("--kill-after", type=float, metavar="S")
    parser.add_argument("--settle", type=float, metavar="S", default=leftovers.SETTLE_S)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)

    libc = ctypes.CDLL(None, use_errno=True)
    # Orphans become children of this process: found although their environment was overwritten, and no zombie is left to others.
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    private = Path(tempfile.mkdtemp(prefix="nothing-left-"))
    try:
        mark = secrets.token_hex(8)
        environment = os.environ | {leftovers.MARK: mark}
        for variable, name in FOLDERS.items():
            (private / name).mkdir(mode=0o700)
            environment[variable] = str(private / name)
        shared_memory = leftovers.shared_memory()
        status, signalled = _run(options, environment, libc)
        left = leftovers.wait_for_end(lambda: _survivors(mark), timeout_s=options.settle)
        found = leftovers.describe(left)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        leftovers.wait_for_end(lambda: _survivors(mark))
        files = [name for folder in FOLDERS.values() for name in leftovers.files_below(private / folder) if name != str(private / folder)]
        files += leftovers.new_shared_memory(shared_memory)
        found = leftovers.Leftovers(processes=found.processes, ports=found.ports, files=tuple(files))
    finally:
        shutil.rmtree(private, ignore_errors=True)

    print(found, flush=True)
    if not signalled and (options.interrupt_after or options.kill_after):
        print("the command ended before it was to be signalled", file=sys.stderr)
        return 2
    return int(bool(found)) if signalled or not status else status


def _run(options: argparse.Namespace, environment: dict[str, str], libc: ctypes.CDLL) -> tuple[int, bool]:
    """Run the command to its end, reaping every orphan meanwhile; its status, and whether it was signalled."""

    def dies_with_us() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)
        for sign in (signal.SIGINT, signal.SIGHUP):  # whoever starts a run in the background may have had them ignored
            signal.signal(sign, signal.SIG_DFL)

    handled = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, handled)  # until there is a command to hand them to
    command = subprocess.Popen(
        options.command,
        env=environment,
        stdin=subprocess.DEVNULL,
        process_group=0,  # so that an interrupt of ours stops there, and one of the terminal comes once, from us
        preexec_fn=dies_with_us,
    )
    signalled = interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        if not interrupted:  # a second one would only disturb how the first is obeyed
            interrupted = True
            _send(os.killpg, command.pid, signal.SIGINT)

    def send(*_: object) -> None:
        nonlocal signalled
        signalled = True
        if options.interrupt_after:
            interrupt()
        else:
            _send(os.kill, command.pid, signal.SIGKILL)

    signal.signal(signal.SIGALRM, send)
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, lambda *_: _send(os.kill, command.pid, signal.SIGTERM))
    threading.Thread(target=_kill_after, args=(os.getppid(), command.pid), daemon=True).start()
    signal.setitimer(signal.ITIMER_REAL, options.interrupt_after or options.kill_after or 0)
    status = _wait(command.pid, handled)
    signal.setitimer(signal.ITIMER_REAL, 0)
    command.returncode = os.waitstatus_to_exitcode(status)  # so that Popen knows it was waited for
    return command.returncode if command.returncode >= 0 else 128 - command.returncode, signalled


def _wait(command: int, blocked: set[signal.Signals]) -> int:
    """Reap whatever ends until it is the command.  No signal is lost between a look and a wait: it is in the pipe."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
    try:
        while True:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == command:
                    return ended[1]
            select.select([reader], [], [])
            os.read(reader, 1024)
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(reader)
        os.close(writer)


def _send(how: Callable[[int, int], None], pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        how(pid, number)


def _kill_after(parent: int, pid: int) -> None:
    """Kill the command when our own parent has gone."""
    with suppress(OSError):  # a parent outside our process namespace, or a command that has ended
        descriptor = os.pidfd_open(parent)
        select.select([descriptor], [], [])
        os.kill(pid, signal.SIGKILL)


def _survivors(mark: str) -> set[int]:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return leftovers.belonging({os.getpid()}, mark, procfs.pids())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
