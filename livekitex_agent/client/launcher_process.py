"""Starts the launcher, a fresh interpreter, and holds the script's end of its lifeline.

Nothing secret stands on its command line or in its environment: what it needs to know goes through the socket pair, first the import path
(as JSON, since nothing of ours can be imported without it), then the frames of `livekitex_agent.gateway`.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import livekitex_agent.launcher
from livekitex_agent.client.lifelines import Lifeline
from livekitex_agent.cures import CURES, with_cure
from livekitex_agent.gateway.frames import LENGTH_BYTES, Configure, encode_frame
from protocols import ConfigurationError, SystemEntropy, SystemUnavailableError, environment

BOOTSTRAP: Final = Path(livekitex_agent.launcher.__file__).with_name("bootstrap.py")
RUN: Final = "LIVEKITEX_RUN"
"""The variable by which every process of one system is known, whatever became of its parents."""
SWEEPS: Final = 10
CONFIGURE_S: Final = 10.0
"""How long a launcher may take to read what it is told to do."""
KILLED_S: Final = 2.0
"""How long it may take to be gone when it is killed."""
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Processes that fork must have no idle threads of numeric libraries, which a fork would lose."""


class LauncherProcess:
    """The launcher as its starter sees it. Everything here is quick but `close`. In a fork of the starter nothing here does anything."""

    def __init__(self, process: subprocess.Popen[bytes], lifeline: Lifeline, run: str) -> None:
        self._process = process
        self._lifeline = lifeline
        self._mark = f"{RUN}={run}".encode()
        self.connection = lifeline.connection
        self.exited = os.pidfd_open(process.pid)
        """A descriptor that becomes readable when the launcher has ended."""

    @classmethod
    def spawn(cls, configure: Configure) -> "LauncherProcess":
        """Execute the launcher and tell it what to do.

        Raises:
            ConfigurationError: this interpreter cannot be executed again, or a limit is in the way; the text names the cure.
        """
        run = SystemEntropy().hex_id()
        if not sys.executable:
            raise ConfigurationError(
                "this Python is embedded and names no interpreter: set sys.executable to a Python with livekitex-agent"
            )
        try:
            lifeline = Lifeline()
        except OSError as failure:
            raise ConfigurationError(with_cure(f"no connection to a launcher can be had: {failure}")) from failure
        fds = [lifeline.theirs.fileno(), lifeline.exit_fd]
        try:
            with _no_debugger():
                process = subprocess.Popen(  # its own session: Ctrl-C reaches the script alone, which then ends the system
                    [sys.executable, *_interpreter_options(), str(BOOTSTRAP), str(fds[0])],
                    stdin=subprocess.DEVNULL,
                    # What was closed when we began has a number that another file may have by now: our processes must not write there.
                    stdout=subprocess.DEVNULL if sys.__stdout__ is None else None,
                    stderr=subprocess.DEVNULL if sys.__stderr__ is None else None,
                    pass_fds=fds,
                    start_new_session=True,
                    env={**environment(), **ONE_THREAD, RUN: run},
                )
        except OSError as failure:
            lifeline.cut()
            if failure.errno in CURES:
                raise ConfigurationError(with_cure(f"a launcher cannot be started: {failure}")) from failure
            raise ConfigurationError(f"{sys.executable} cannot be executed: {failure.strerror}: set sys.executable") from failure
        finally:
            lifeline.hand_over()
        launcher = cls(process, lifeline, run)
        path = json.dumps([str(Path(entry).absolute()) for entry in sys.path]).encode()
        configure = replace(configure, exit_fd=fds[1])
        try:
            launcher.connection.settimeout(CONFIGURE_S)
            launcher.connection.sendall(len(path).to_bytes(LENGTH_BYTES, "big") + path + encode_frame(configure))
        except BrokenPipeError:
            pass  # it has ended already; the connection tells
        except BaseException as failure:
            launcher.kill()
            launcher.close(0.0)
            if isinstance(failure, TimeoutError):
                raise SystemUnavailableError(f"the launcher did not read what to start within {CONFIGURE_S:g} s; try again") from None
            raise
        return launcher

    @property
    def pid(self) -> int:
        """The launcher's process id."""
        return self._process.pid

    @property
    def foreign(self) -> bool:
        """Whether this process is a fork of the launcher's starter."""
        return self._lifeline.foreign

    def fate(self) -> str | None:
        """How it ended, for people; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exited with code {code}"

    def kill(self) -> None:
        """End it at once; the tree ends with it."""
        if not self.foreign:
            self._process.kill()

    def sweep(self) -> None:
        """Once it has ended by a signal: kill what it could not, programs that the tree had started. Their environment tells them."""
        if self.fate() is not None and self._process.returncode < 0 and not self.foreign:
            for _ in range(SWEEPS):
                if not kill_marked(self._mark):
                    return

    def close(self, timeout_s: float) -> None:
        """Cut the lifeline and wait until the launcher has ended; after ``timeout_s`` it is killed. Blocks; again does no harm.

        ``exited`` is closed: no event loop may watch it any more.

        Raises:
            SystemUnavailableError: it was killed, and has not ended `KILLED_S` later.
        """
        self._lifeline.cut()
        if self.exited >= 0:
            os.close(self.exited)
            self.exited = -1
        if not self.foreign:
            self._wait(timeout_s)
            self.sweep()

    def _wait(self, timeout_s: float) -> None:
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            try:
                self._process.wait(KILLED_S)
            except subprocess.TimeoutExpired:
                raise SystemUnavailableError(
                    f"the launcher (process {self.pid}) was killed and does not end: the kernel holds it"
                ) from None


def kill_marked(mark: bytes) -> int:
    """Kill every process that was started with ``mark`` in its environment, but this one; how many there were."""
    killed = 0
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != os.getpid():
            with suppress(OSError):  # it has ended meanwhile, or is another user's
                pid_fd = os.pidfd_open(int(name))
                try:
                    if mark in Path("/proc", name, "environ").read_bytes().split(b"\0"):
                        signal.pidfd_send_signal(pid_fd, signal.SIGKILL)
                        killed += 1
                finally:
                    os.close(pid_fd)
    return killed


def _no_debugger() -> AbstractContextManager[None]:
    """Keeps a debugger of the script out of what is executed meanwhile.

    pydevd, which debugpy, VS Code and PyCharm are made of, would have the launcher run its threads, beside which the launcher may not fork.
    """
    patches = sys.modules.get("_pydev_bundle.pydev_monkey")
    skip: Callable[[], AbstractContextManager[None]] = getattr(patches, "skip_subprocess_arg_patch", nullcontext)
    return skip()


def _interpreter_options() -> list[str]:
    """Those by which this interpreter was started, so that user code means the same in a call's process.

    ``-P``: the folder of the launcher's first file is no place to import from.
    """
    flags = sys.flags
    switches = {
        "-I": flags.isolated,
        "-E": flags.ignore_environment,
        "-s": flags.no_user_site,
        "-S": flags.no_site,
        "-B": flags.dont_write_bytecode,
        "-O": flags.optimize == 1,
        "-OO": flags.optimize > 1,
    }
    extended = [f"-X{name}" if value is True else f"-X{name}={value}" for name, value in sys._xoptions.items()]  # noqa: SLF001 - documented
    return ["-P", *(switch for switch, on in switches.items() if on), *extended, *(f"-W{option}" for option in sys.warnoptions)]
