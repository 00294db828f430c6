"""The settings of one system, checked where they are made."""

import errno
import os
import platform
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from actors import FileStore
from protocols import (
    MAX_CALL_RESTART_SECONDS,
    MAX_CALL_RESTARTS,
    MAX_JOBS,
    ConfigurationError,
    JournalError,
    environment,
    is_loopback,
    parse_host,
)

LogLevel = Literal["debug", "info", "warning", "error"]

MAX_PARTITIONS: Final = 64
MAX_PORT: Final = 65_535
MAX_DRAIN_S: Final = 86_400
JOURNAL_CURE: Final = "set XDG_STATE_HOME or journal_dir to a folder that you may write to, or do without one, journal=False"
CONTAINER: Final = (
    "docker run --rm -it -v \"$PWD\":/app -w /app python:3.13 bash -c 'pip install livekitex-agent[offline] && python SCRIPT'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemOptions:
    """How a system is started; `WorkerOptions`, which users make, has these and more. All have defaults.

    ``partitions``: supervisors that the calls are spread over (2); the death of one touches only its calls.
    ``max_jobs``: calls at a time (100, at most 600); another is refused.
    ``max_restarts`` in ``max_seconds``: how often a call's processes may restart (5 in 60 s), and how often it may be started again after
    the death of its supervisors; what dies more often says a last sentence and ends as failed.
    ``health_host`` and ``health_port``: where the health endpoints listen (127.0.0.1, any free port). ``health_remote``: whether they may
    listen for other machines, which are asked for no password (False).
    ``journal``: whether calls are written down, so that they come back after a crash (True); ``journal_dir`` is the folder for that (the
    user's state folder: ``$XDG_STATE_HOME/livekitex/calls``, else ``~/.local/state/livekitex/calls``), made for the user alone.
    ``retention_s``: how long a call's journal is kept after its end (0: deleted at once).
    ``drain_s``: how long calls may go on when the system is drained, or a signal asks it to end (30 s, at most a day); then they are ended.
    ``preload``: whether offline models and the SDK of OpenAI are loaded before calls come (True, where the extras are installed).
    ``redactor``: what keeps card numbers and the like out of journals, logs and events: ``patterns``, or ``module:name`` of a function that
    makes one (none, ""); an agent's own option ``redactor`` counts instead. See docs/guarantees.md for what a restart then costs.
    ``log_level``: what the system's processes write to standard error (``warning``).

    Raises:
        ConfigurationError: a value is out of range; the text names it and the cure.
    """

    partitions: int = 2
    max_jobs: int = 100
    max_restarts: int = 5
    max_seconds: int = 60
    health_host: str = "127.0.0.1"
    health_port: int = 0
    health_remote: bool = False
    journal: bool = True
    journal_dir: str | os.PathLike[str] | None = None
    retention_s: float = 0.0
    drain_s: float = 30.0
    preload: bool = True
    redactor: str = ""
    log_level: LogLevel = "warning"

    def __post_init__(self) -> None:
        _require(1 <= self.partitions <= MAX_PARTITIONS, f"partitions={self.partitions!r}: use 1 to {MAX_PARTITIONS}")
        _require(1 <= self.max_jobs <= MAX_JOBS, f"max_jobs={self.max_jobs!r}: use 1 to {MAX_JOBS}")
        _require(0 <= self.max_restarts <= MAX_CALL_RESTARTS, f"max_restarts={self.max_restarts!r}: use 0 (none) to {MAX_CALL_RESTARTS}")
        _require(
            1 <= self.max_seconds <= MAX_CALL_RESTART_SECONDS, f"max_seconds={self.max_seconds!r}: use 1 to {MAX_CALL_RESTART_SECONDS}"
        )
        _require(0 <= self.health_port <= MAX_PORT, f"health_port={self.health_port!r}: use 0 (any free port) to {MAX_PORT}")
        object.__setattr__(self, "health_host", _host(self.health_host))
        _require(
            self.health_remote or is_loopback(self.health_host),
            f"health_host={self.health_host!r} lets other machines ask, without a password: say health_remote=True, or use 127.0.0.1",
        )
        _require(self.retention_s >= 0, f"retention_s={self.retention_s!r}: use a number of seconds, 0 to keep nothing")
        _require(0 <= self.drain_s <= MAX_DRAIN_S, f"drain_s={self.drain_s!r}: use a number of seconds, 0 to {MAX_DRAIN_S}")
        _require(
            self.redactor in ("", "patterns") or ":" in str(self.redactor),
            f"redactor={self.redactor!r:.80}: use 'patterns', 'module:name' of a function that makes one, or '' for none",
        )
        _require(self.log_level in get_args(LogLevel), f"log_level={self.log_level!r}: use one of {', '.join(get_args(LogLevel))}")
        _require(self.journal or self.journal_dir is None, "journal_dir is given, but journal=False: drop one of them")

    @property
    def journal_path(self) -> Path | None:
        """The absolute folder of the journals, which holds nothing else; None without them.

        Raises:
            ConfigurationError: it is to be in the user's state folder, and he has none.
        """
        if not self.journal:
            return None
        if self.journal_dir is not None:
            return Path(self.journal_dir).absolute() / "calls"
        state = environment().get("XDG_STATE_HOME") or "~/.local/state"
        try:
            return Path(state).expanduser().absolute() / "livekitex" / "calls"
        except RuntimeError as failure:
            raise ConfigurationError(f"this user has no home for the calls' journals: {JOURNAL_CURE}") from failure


def require_platform() -> None:
    """Refuse a platform on which processes cannot be supervised.

    Raises:
        ConfigurationError: it is not Linux with glibc.
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        raise ConfigurationError(
            f"a system needs Linux with glibc, this is {platform.platform()}: run it in a container, python:3.13 for one"
        )


def prepare(options: SystemOptions) -> None:
    """Make the journal's folder, and see that the port is free, before anything is started.

    Raises:
        ConfigurationError: one of them cannot be had; the text names it and the cure.
    """
    if options.health_port:
        require_free_port(options.health_host, options.health_port)
    path = options.journal_path
    if path is not None:
        _require_folder(path)


def _host(host: str) -> str:
    try:
        return parse_host(host)
    except ConfigurationError as failure:
        raise ConfigurationError(f"health_host: {failure}") from failure


def require_free_port(host: str, port: int) -> None:
    """Refuse a port that nobody can listen on now.

    Raises:
        ConfigurationError: it is taken, or not to be had on this host.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a port in TIME_WAIT is free
            probe.bind(address)
            probe.listen()
    except OSError as failure:
        if failure.errno == errno.EADDRINUSE:
            raise ConfigurationError(f"health_port={port} on {host} is in use: choose another, or 0 for any free one") from failure
        raise ConfigurationError(f"health_host={host!r}, health_port={port}: {failure.strerror}: choose others") from failure


def _require_folder(path: Path) -> None:
    try:
        FileStore(path).prepare()
    except OSError as failure:
        raise ConfigurationError(f"journal_dir {path}: {failure.strerror}: {JOURNAL_CURE}") from failure
    except JournalError as failure:
        raise ConfigurationError(f"journal_dir {failure}: {JOURNAL_CURE}") from failure
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigurationError(f"journal_dir {path} is not writable: {JOURNAL_CURE}")


def _require(fits: bool, text: str) -> None:  # noqa: FBT001 - an assertion with words
    if not fits:
        raise ConfigurationError(text)
