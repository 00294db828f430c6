"""The launcher's side: one actor, the gateway, in the first process of the system, and the tree below it.

::

    launcher     hosts the gateway; the last that adopts orphans, so nothing of the tree escapes it
    └── admin    Thespian's; parent process of the root, ends with it
        └── root, and everything below
"""

import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from protocols import SHUTDOWN, ConfigurationError, ExitReason, SystemClock, SystemEntropy
from supervision.actor import ActorCell, ActorStart, Cancel
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.children import ChildProcesses
from supervision.thespian_seam.hosts import run_admin
from supervision.thespian_seam.internals import require_thespian, silence_thespian
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.process import (
    keep_environment_readable,
    on_signals,
    reset_signals,
    set_title,
)
from supervision.thespian_seam.runtime import ThespianRuntime
from supervision.thespian_seam.transport import AuthenticatedTransport, Turn
from supervision.thespian_seam.unhandled import escaping

log = logging.getLogger("livekitex.seam")

ADMIN: Final = "admin"
"""Begins the detail of the reason when the root ended because the admin did: ``killed:admin``, ``error:admin: SIGSEGV``."""

KILL_TIMEOUT_S: Final = 1.0
"""How long killed processes may take to be gone; one that the kernel cannot end meanwhile is left, and logged."""


def run_launcher(start: ActorStart, options: SystemOptions) -> ExitReason:
    """Host ``start`` in this process until it ends, then end everything below it; returns the reason, with no process of the system left.

    To be called once, on the main thread of a fresh interpreter. What the gateway spawns is a root: Thespian's admin becomes its parent
    process. If the gateway has threads of its own it starts them after it has spawned. ``start.args`` get ``watch``, a function
    ``(fd, callback) -> cancel`` that has ``callback`` run as a turn whenever ``fd`` is readable. SIGTERM, SIGINT and SIGHUP reach the
    gateway as exit signals of its parent, ``shutdown:SIGTERM``; one that comes while the tree is ending has it killed at once.

    Raises:
        ConfigurationError: Thespian's version, the platform or ``options`` do not fit; nothing was started.
    """
    require_thespian()
    silence_thespian()
    return _Launcher(start, options).run()


class _Launcher:
    def __init__(self, start: ActorStart, options: SystemOptions) -> None:
        self._options = options
        self._clock = SystemClock()
        self._entropy = entropy = SystemEntropy()
        try:
            listener, address = listen(options.host, start.actor_id, start.uid)
        except OSError as failure:
            raise ConfigurationError(f"cannot listen on {options.host}: {failure}; use an address of this machine") from failure
        self._transport = AuthenticatedTransport(listener, address, options, self._clock, entropy)
        self._runtime = ThespianRuntime(
            endpoint=self._transport.endpoint, options=options, clock=self._clock, entropy=entropy, fork=self._spawn
        )
        self._cell = ActorCell(replace(start, args={**start.args, "watch": self._watch}), self._runtime)
        self._runtime.host(self._cell)
        self._title = start.title or "launcher"
        self._kill_now = False

    def run(self) -> ExitReason:
        self._become_launcher()
        reason = escaping(self._cell.boot)
        if reason is None:
            reason = self._run_mailbox(lambda: self._cell.ended is not None)
        self._end_tree()
        self._transport.close()
        return reason or self._cell.ended or SHUTDOWN

    def _become_launcher(self) -> None:
        keep_environment_readable()
        set_title(self._title)
        if not logging.root.handlers:
            logging.basicConfig(stream=sys.stderr)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold the key and what callers said
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        reset_signals()
        on_signals([signal.SIGTERM, signal.SIGINT, signal.SIGHUP], self._asked_to_end)

    def _asked_to_end(self, number: signal.Signals) -> None:
        self._kill_now = self._cell.ended is not None
        self._runtime.ask_to_end(number.name)

    def _spawn(self, children: ChildProcesses, root: ActorStart) -> str:
        """Fork an admin that forks the root; to this process both are one child."""
        try:
            listener, admin = listen(self._options.host, ADMIN, self._entropy.hex_id())
        except OSError as failure:
            children.fail(root, failure)
            return ""
        address = children.spawn(root, admin, partial(run_admin, listener=listener), via=ADMIN)
        listener.close()
        return address

    def _watch(self, fd: int, callback: Callable[[], None]) -> Cancel:
        return self._runtime.watch(fd, lambda: self._cell.run(callback))

    def _run_mailbox(self, done: Callable[[], bool], timeout_s: float | None = None) -> ExitReason | None:
        """Run turns until ``done``; the reason that what escapes from one is, None otherwise."""
        escaped: ExitReason | None = None

        def handle(envelope: Any) -> bool:
            nonlocal escaped
            if isinstance(envelope.message, Turn):
                escaped = escaping(envelope.message.run)
            return escaped is None and not done()

        if done():
            return None
        limit = None if timeout_s is None else timedelta(seconds=timeout_s)
        return escaping(lambda: self._transport.run(handle, limit)) or escaped

    def _end_tree(self) -> None:
        """Ask the roots to end, then kill them and whatever is left of the tree."""
        children = self._runtime.children
        for uid in children.uids:
            self._runtime.signal(uid, SHUTDOWN)
        self._run_mailbox(lambda: self._kill_now or not children.uids, self._options.stop_timeout_s)
        if children.uids:
            log.warning("the tree did not end in time and is killed", extra={"after_s": self._options.stop_timeout_s})
        for uid in children.uids:
            children.kill(uid)
        self._run_mailbox(lambda: not children.uids, KILL_TIMEOUT_S)
        ended: list[bool] = []
        children.orphans.end(lambda: ended.append(True), KILL_TIMEOUT_S)
        while not ended:
            self._transport.reactor.poll(KILL_TIMEOUT_S)
