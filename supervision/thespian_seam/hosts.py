"""The two kinds of Thespian process: one that hosts an actor, and the admin. Both are begun by `process.fork`."""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from socket import socket
from typing import Any, NoReturn

from thespian.actors import Actor as ThespianActor
from thespian.actors import ActorAddress
from thespian.system.multiprocCommon import MultiProcAdmin, MultiProcManager

from protocols import ExitReason, SystemClock, SystemEntropy
from supervision.actor import ActorCell, ChildAcknowledged, ChildEvent, ChildExited, ChildIgnored, ChildStarted, Lifecycle
from supervision.private_descriptors import keep_private
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.children import ChildProcesses
from supervision.thespian_seam.endpoint import FLUSH_S
from supervision.thespian_seam.process import close_foreign_fds, end_process, set_title
from supervision.thespian_seam.process_start import ProcessStart
from supervision.thespian_seam.reports import Outcome, Report, write_report
from supervision.thespian_seam.runtime import ThespianRuntime
from supervision.thespian_seam.shared_memory import map_memory
from supervision.thespian_seam.transport import AuthenticatedTransport, Turn
from supervision.thespian_seam.unhandled import escaping, on_unhandled

log = logging.getLogger("livekitex.seam")


class HostActor(ThespianActor):  # type: ignore[misc]  # Thespian is untyped
    """Thespian's actor around one cell: each message is one turn of the cell's mailbox.

    Cures C9: whatever leaves a turn becomes the reason of the exit, so Thespian never runs a message again.
    """

    def __init__(self, after_turn: Callable[[ExitReason | None], None]) -> None:
        self._after_turn = after_turn

    def receiveMessage(self, message: Any, _sender: ActorAddress) -> None:  # noqa: N802 - Thespian's name
        """Run one turn, then see whether the actor is over."""
        if isinstance(message, Turn):
            self._after_turn(escaping(message.run))


class HostManager(MultiProcManager):  # type: ignore[misc]  # Thespian is untyped
    """Thespian's loop of one actor."""

    def __init__(self, transport: AuthenticatedTransport, admin: EndpointAddress, host: HostActor) -> None:
        address = ActorAddress(admin)
        super().__init__(HostActor, None, transport, None, None, address, address, None, {}, None, None)
        self.asLogger = address
        self.actorInst = host
        self.actorInst._myRef = self

    def run(self) -> None:
        """Run the mailbox. Thespian's own swallows what escapes from the transport."""
        self.transport.run(self.handleMessages)


class Admin(MultiProcAdmin):  # type: ignore[misc]  # Thespian is untyped
    """Thespian's admin. It is the parent process of the root, starts nothing for anybody else, and ends with the root.

    There is no logger process (A1, A7, A8): it would buy nothing, since every process logs on its own standard error.
    """

    def __init__(self, transport: AuthenticatedTransport) -> None:
        super().__init__(transport, transport.myAddress, {}, None, None)
        self.asLogger = self.myAddress
        self._activate()

    def run(self) -> None:
        """Run the mailbox. Thespian's own swallows what escapes from the transport."""
        self.transport.run(self.handleIncoming)


def run_actor(start: ProcessStart) -> None:
    """The life of a process that hosts an actor: boot it, run its mailbox, report what becomes of it, end."""
    close_foreign_fds(start.fds)
    actor = start.actor
    if actor.confined:
        start.options.secret.confine(start.address)
    title = actor.title or actor.actor_id
    set_title(title)
    memory = None
    if start.memory_fd is not None:
        memory = map_memory(start.memory_fd)
        os.close(start.memory_fd)
    clock, entropy = SystemClock(), SystemEntropy()
    transport = AuthenticatedTransport(start.listener, start.address, start.options, clock, entropy)
    runtime = ThespianRuntime(
        endpoint=transport.endpoint,
        options=start.options,
        clock=clock,
        entropy=entropy,
        fork=lambda children, child: children.spawn(child, start.admin, run_actor),
        show=lambda light: set_title(", ".join((title, *light))),
        memory=memory,
    )
    keep_private(lambda: (*transport.reactor.descriptors, start.listener.fileno(), start.report_fd))
    on_unhandled(lambda failure: runtime.post(partial(_raise, failure)))
    cell = ActorCell(actor, runtime)
    runtime.host(cell)
    lifecycle = Lifecycle(cell.self_ref, os.getpid())

    def look(escaped: ExitReason | None) -> None:
        """Report what has become of the cell; with its end the process ends."""
        for event in lifecycle.look(cell):
            write_report(start.report_fd, _report_of(event))
        reason = escaped or cell.ended
        if reason is not None:
            write_report(start.report_fd, _report_of(lifecycle.end(reason, ignored=cell.ignored)))
            transport.flush(FLUSH_S)
            end_process(0 if reason.clean else 1)

    look(escaping(cell.boot))
    manager = HostManager(transport, start.admin, HostActor(look))
    look(escaping(manager.run))


def _raise(failure: BaseException) -> NoReturn:
    """End the actor as if its own thread had raised it."""
    raise failure


def run_admin(start: ProcessStart, listener: socket) -> None:
    """The life of the admin: fork the root, pass its reports on to the launcher, end when it ends."""
    close_foreign_fds({*start.fds, listener.fileno()})
    set_title("admin")
    clock, entropy = SystemClock(), SystemEntropy()
    transport = AuthenticatedTransport(listener, start.admin, start.options, clock, entropy)
    admin = Admin(transport)

    def relay(event: ChildEvent) -> None:
        write_report(start.report_fd, _report_of(event))
        if not isinstance(event, ChildAcknowledged | ChildStarted):
            transport.abort_run()

    children = ChildProcesses(transport.endpoint, start.options, relay)
    reader_fd, report_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    children.launch(replace(start, report_fd=report_fd), reader_fd, run_actor)
    if start.memory_fd is not None:
        os.close(start.memory_fd)
    admin.run()


def _report_of(event: ChildEvent) -> Report:
    if isinstance(event, ChildAcknowledged):
        return Report(Outcome.ACKNOWLEDGED, str(event.os_pid))
    if isinstance(event, ChildStarted):
        return Report(Outcome.STARTED, str(event.os_pid))
    if isinstance(event, ChildIgnored):
        return Report(Outcome.IGNORED)
    return Report(Outcome.EXITED if isinstance(event, ChildExited) else Outcome.START_FAILED, str(event.reason))
