"""The children of an actor that live in its process, and not in one of their own.

How it works. A light child is a cell like any other, with an endpoint of its own: its address, its mailbox order and the proof of what it
says are those of a process. Its turns are turns of the one mailbox of the process, so while it handles something nobody else there does:
it may not block, nor run code of users, nor have threads or children. What leaves a turn ends it alone.

Its end is told as a process's is: once what it had sent has been taken (or after `endpoint.FLUSH_S`), and its parent has heard the rest of
it. A kill drops it between two turns, with what it had not sent yet. It dies with its process, as a forked child does when its parent dies.
"""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from protocols import KILLED, Entropy, ExitReason, Ref
from supervision.actor import ActorCell, ActorStart, ChildEvent, ChildStartFailed, Lifecycle, reason_of
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.endpoint import FLUSH_S, Endpoint
from supervision.thespian_seam.endpoint_runtime import EndpointRuntime
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.unhandled import escaping

log = logging.getLogger("livekitex.seam")


@dataclass(slots=True)
class _LightChild:
    ref: Ref
    title: str
    endpoint: Endpoint
    cell: ActorCell
    lifecycle: Lifecycle
    over: bool = False


class LightChildren:
    """Hosts them on the reactor of ``parent``, whose mailbox theirs shares; ``tell`` learns of each what `ChildEvent` can say, in order.

    ``show`` is called with the titles of those that live whenever these change.
    """

    def __init__(
        self,
        parent: Endpoint,
        options: SystemOptions,
        entropy: Entropy,
        tell: Callable[[ChildEvent], None],
        show: Callable[[Sequence[str]], None],
    ) -> None:
        self._parent = parent
        self._options = options
        self._entropy = entropy
        self._tell = tell
        self._show = show
        self._children: dict[str, _LightChild] = {}

    def ref(self, uid: str) -> Ref | None:
        """How an incarnation is addressed; None once its end has been reported."""
        child = self._children.get(uid)
        return None if child is None else child.ref

    def spawn(self, start: ActorStart) -> str:
        """Begin a child with a later turn; whatever becomes of it is told. Returns its address; empty where it has none."""
        try:
            listener, address = listen(self._options.host, start.actor_id, start.uid)
        except OSError as failure:
            log.exception("a light actor could not be started", extra={"actor_id": start.actor_id})
            self._tell(ChildStartFailed(uid=start.uid, reason=reason_of(failure)))
            return ""
        parent = self._parent
        endpoint = Endpoint(
            listener,
            address,
            self._options,
            parent.clock,
            self._entropy,
            reactor=parent.reactor,
            enqueue=lambda turn: parent.enqueue(lambda: self._turn(child, turn)),
        )
        runtime = EndpointRuntime(endpoint, parent.clock, self._entropy)
        cell = ActorCell(start, runtime)
        runtime.host(cell)
        child = _LightChild(cell.self_ref, start.title or start.actor_id, endpoint, cell, Lifecycle(cell.self_ref, os.getpid()))
        self._children[start.uid] = child
        self._show_titles()
        endpoint.enqueue(cell.boot)
        return str(address)

    def kill(self, uid: str) -> None:
        """Drop a child; nothing happens if it is over."""
        child = self._children.get(uid)
        if child is not None and not child.over:
            child.over = True
            self._close(child, KILLED)

    def _turn(self, child: _LightChild, turn: Callable[[], object]) -> None:
        """One turn of a child, then what is new about it."""
        if child.over:
            return
        escaped = escaping(turn)
        for event in child.lifecycle.look(child.cell):
            self._tell(event)
        reason = escaped or child.cell.ended
        if reason is not None:
            child.over = True
            child.endpoint.drain(FLUSH_S, lambda: self._close(child, reason))

    def _close(self, child: _LightChild, reason: ExitReason) -> None:
        child.endpoint.close()
        self._parent.hear_out(child.endpoint.address, lambda: self._tell_end(child, reason))

    def _tell_end(self, child: _LightChild, reason: ExitReason) -> None:
        del self._children[child.ref.uid]
        self._show_titles()
        self._parent.links.forget(child.endpoint.address)
        self._tell(child.lifecycle.end(reason, ignored=child.cell.ignored))

    def _show_titles(self) -> None:
        self._show([child.title for child in self._children.values()])
