"""The child processes of one process: begun, watched, signalled, and reported on, each event once.

How it works. A child is forked with its listening socket and the end of a pipe. On the pipe it says what becomes of its start, and why it
ends (`reports`); a pidfd tells when it is dead (pidfd_open(2)). A death is told in this order, so that whoever is told may start the next
incarnation at once:

1. what the child said last is read from the pipe;
2. what it had started and left behind is killed (`orphans`), for it would hold ports, files and devices of the next incarnation;
3. messages that it sent before it died are still taken up, for at most `endpoint.EXIT_MESSAGES_S`;
4. it is waited for (waitpid(2)), what waits for its address is given up, and the exit is told.

Nobody else in the process may wait for children, or the kernel could give their number to another process before the pidfd is read.
"""

import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from protocols import ExitReason, InternalError, Ref
from supervision.actor import (
    ActorStart,
    ChildAcknowledged,
    ChildEvent,
    ChildExited,
    ChildIgnored,
    ChildStarted,
    ChildStartFailed,
    reason_of,
)
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.endpoint import Endpoint
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.orphans import Orphans
from supervision.thespian_seam.process import fork, is_stopped, scheduled_ns
from supervision.thespian_seam.process_start import ProcessStart
from supervision.thespian_seam.reports import Outcome, Report, ReportReader, reason_of_status
from supervision.thespian_seam.shared_memory import SharedMemory

log = logging.getLogger("livekitex.seam")

TRACE_S: Final = 0.1
"""How long a hung process may take to write where it hangs, before it is killed. Python's handler does it in C, so it needs no GIL."""

STOPPED_S: Final = 3.0
"""How long a process that hosts no actor, so that nobody probes it, may be stopped before it is killed."""

_LOOK_S: Final = 1.0


@dataclass(slots=True)
class _Child:
    """``pid`` is the forked process, ``host_pid`` the one that hosts the actor: another one if ``via`` names the forked one."""

    ref: Ref
    address: EndpointAddress
    pid: int
    host_pid: int
    pid_fd: int
    report_fd: int
    reader: ReportReader
    via: str
    listening: bool = True
    started: bool = False
    last: Report | None = None


class ChildProcesses:
    """Cures C3, C4, C7, C8 and C10: a child's own word on a pipe, its death from the kernel, and one event for each, in that order.

    Thespian's ``ChildActorExited`` is not used. An exit is reported within a few milliseconds, after what the child had started is ended
    (`Orphans`) and after the last message that came from it; who ends in order loses none of them, who is killed may lose the last.
    """

    def __init__(self, endpoint: Endpoint, options: SystemOptions, tell: Callable[[ChildEvent], None]) -> None:
        self._endpoint = endpoint
        self._reactor = endpoint.reactor
        self._options = options
        self._tell = tell
        self._children: dict[str, _Child] = {}
        self._memory = SharedMemory()
        self.orphans = Orphans(endpoint.reactor, endpoint.clock, lambda: {child.pid for child in self._children.values()})

    @property
    def uids(self) -> list[str]:
        """The incarnations that have not been reported as ended."""
        return list(self._children)

    def prepare(self, actor: ActorStart, admin: EndpointAddress) -> tuple[ProcessStart, int]:
        """Everything that a new process needs, and the descriptor on which its reports will be read.

        Raises:
            OSError: no descriptor, port or memory is left.
            InvalidSpecError: its memory is kept with another size.
        """
        memory_fd = self._memory.fd(actor.memory_key, actor.memory_bytes) if actor.memory_key else None
        listener, address = listen(self._options.host, actor.actor_id, actor.uid, confined=actor.confined)
        try:
            reader_fd, report_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            listener.close()
            raise
        start = ProcessStart(
            actor=actor,
            options=self._options,
            admin=admin,
            address=address,
            listener=listener,
            report_fd=report_fd,
            memory_fd=memory_fd,
        )
        return start, reader_fd

    def spawn(self, actor: ActorStart, admin: EndpointAddress, main: Callable[[ProcessStart], object], *, via: str = "") -> str:
        """Fork a process that runs ``main``; whatever becomes of it is told. Returns its address; empty where it has none.

        ``via`` names a process that does not host the actor itself but forks who does; its own end is told under that name.
        """
        try:
            start, reader_fd = self.prepare(actor, admin)
        except Exception as failure:
            self.fail(actor, failure)
            return ""
        self.launch(start, reader_fd, main, via=via)
        return str(start.address)

    def launch(self, start: ProcessStart, reader_fd: int, main: Callable[[ProcessStart], object], *, via: str = "") -> None:
        """Fork the process of a prepared start, as `spawn`; what is the child's own is closed here."""
        pid = 0
        try:
            self.orphans.adopt()
            pid = fork(lambda: main(start))
            pid_fd = os.pidfd_open(pid)
        except (OSError, InternalError) as failure:
            os.close(reader_fd)
            if pid:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            self.fail(start.actor, failure)
            return
        finally:
            start.listener.close()
            os.close(start.report_fd)
        actor = start.actor
        ref = Ref(id=actor.actor_id, uid=actor.uid, address=str(start.address))
        child = _Child(ref, start.address, pid, pid, pid_fd, reader_fd, ReportReader(reader_fd), via)
        self._children[actor.uid] = child
        self._reactor.watch(reader_fd, lambda: self._listen(child))
        self._reactor.watch(pid_fd, lambda: self._ended(child))
        if via:
            self._look(child, 0.0)

    def fail(self, actor: ActorStart, failure: Exception) -> None:
        """Tell that ``actor`` could not be started."""
        log.error("a process could not be started", exc_info=failure, extra={"actor_id": actor.actor_id})
        self._tell(ChildStartFailed(uid=actor.uid, reason=reason_of(failure)))

    def ref(self, uid: str) -> Ref | None:
        """How an incarnation is addressed; None once its end has been reported."""
        child = self._children.get(uid)
        return None if child is None else child.ref

    def kill(self, uid: str, *, trace: bool = False) -> None:
        """Kill at once, or `TRACE_S` after its faulthandler was asked for a ``trace``; nothing happens if it has ended."""
        child = self._children.get(uid)
        if child is None:
            return
        if not trace:
            signal.pidfd_send_signal(child.pid_fd, signal.SIGKILL)
            return
        with suppress(ProcessLookupError):
            os.kill(child.host_pid, signal.SIGUSR1)
        self._reactor.call_later(TRACE_S, lambda: self.kill(uid))

    def progress(self, uid: str) -> int:
        """How long the main thread of a child has run and waited for a processor, in ns; 0 if it has ended or the kernel does not tell."""
        child = self._children.get(uid)
        return 0 if child is None else scheduled_ns(child.host_pid)

    def release_memory(self, key: str) -> None:
        """Give up the shared memory under ``key``."""
        self._memory.release(key)

    def _listen(self, child: _Child) -> None:
        reports = child.reader.read()
        if not reports:  # end of file: the process is about to end, or has closed what is not its own
            self._stop_listening(child)
        for report in reports:
            if child.via and report.text.isdecimal():
                child.host_pid = int(report.text)
            match report.outcome:
                case Outcome.ACKNOWLEDGED:
                    self._tell(ChildAcknowledged(ref=child.ref, os_pid=child.host_pid))
                case Outcome.STARTED:
                    child.started = True
                    self._tell(ChildStarted(ref=child.ref, os_pid=child.host_pid))
                case _:
                    child.last = report

    def _look(self, child: _Child, stopped_s: float) -> None:
        """See whether the forked process goes on, time and again; one that is found stopped for `STOPPED_S` on end is killed."""
        if child.ref.uid not in self._children:
            return
        if stopped_s >= STOPPED_S:
            log.error("a process was stopped, and is killed", extra={"role": child.via, "after_s": stopped_s})
            self.kill(child.ref.uid)
            return
        self._reactor.call_later(_LOOK_S, lambda: self._look(child, stopped_s + _LOOK_S if is_stopped(child.pid) else 0.0))

    def _stop_listening(self, child: _Child) -> None:
        if child.listening:
            child.listening = False
            self._reactor.unwatch(child.report_fd)

    def _ended(self, child: _Child) -> None:
        """The process is dead: take what it reported, end what it leaves behind, then wait for what it sent."""
        self._listen(child)
        self._stop_listening(child)
        os.close(child.report_fd)
        self._reactor.unwatch(child.pid_fd)
        self.orphans.end(lambda: self._endpoint.hear_out(child.address, lambda: self._heard_out(child)))

    def _heard_out(self, child: _Child) -> None:
        _, status = os.waitpid(child.pid, 0)
        os.close(child.pid_fd)
        del self._children[child.ref.uid]
        self._endpoint.links.forget(child.address)
        self._tell(_event(child, status))


def _event(child: _Child, status: int) -> ChildEvent:
    uid, last = child.ref.uid, child.last
    if last is not None and last.outcome is Outcome.IGNORED:
        return ChildIgnored(uid=uid)
    reason = reason_of_status(status, child.via) if last is None else ExitReason.parse(last.text)
    return ChildExited(uid=uid, reason=reason) if child.started else ChildStartFailed(uid=uid, reason=reason)
