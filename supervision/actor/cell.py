"""The life of one actor, whatever its runtime: from bytes in to callbacks, from exceptions to exit reasons.

The one seam of an actor where every `Exception` is caught: it becomes the reason of the actor's end. Messages that are not for this
life, that came too late, or that are no messages are dropped and counted.
"""

import importlib
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from protocols import (
    KILLED,
    Clock,
    DecodeError,
    Entropy,
    Envelope,
    ExitReason,
    ExitSignal,
    Found,
    Lookup,
    Message,
    Ping,
    Pong,
    Ref,
    RegistryChanged,
    abnormal,
    decode_envelope,
    encode_envelope,
)
from supervision.actor.actor import Actor, Ignore, StopStart
from supervision.actor.children import ActorStart, ChildEvent, ChildIgnored, ChildStarted, ChildStartFailed
from supervision.actor.context import Cancel
from supervision.actor.runtime import Runtime

log = logging.getLogger("livekitex.actor")

LOOKUP_TIMEOUT_S = 2.0
MAX_OPEN_REQUESTS = 1024
"""Requests of one actor that wait for an answer; beyond it the oldest is answered with None."""


class ActorCell:
    """Hosts one `Actor` on a `Runtime`, and is its `Context`."""

    def __init__(self, start: ActorStart, runtime: Runtime) -> None:
        self._start = start
        self._runtime = runtime
        self._self_ref = Ref(id=start.actor_id, uid=start.uid, address=runtime.address)
        self._registry = start.registry
        self._current: Envelope | None = None
        self._requests: dict[str, tuple[Callable[[Message | None], None], Cancel]] = {}
        self._spawned: dict[str, Ref | None] = {}
        self._trapping = False
        self._actor: Actor | None = None
        self.ended: ExitReason | None = None
        self.dropped = 0

    # Inputs, called by the runtime.

    def boot(self) -> ExitReason | Ignore | None:
        """Make the actor and run its `on_start`: None when it is up, `Ignore`, or the reason why it is not."""
        try:
            actor_class = load_actor(self._start.actor)
            self._actor = actor_class(self)
            self._trapping = actor_class.trap_exit
            self._actor.on_start(self._start.args)
        except Ignore as ignore:
            return ignore
        except StopStart as stop:
            return stop.reason
        except Exception as failure:
            log.exception("actor failed to start", extra={"actor_id": self._start.actor_id})
            return reason_of(failure)
        return None

    def receive(self, data: bytes, now: float) -> None:
        """Handle one delivered envelope; ``now`` is the monotonic time of its arrival at this process."""
        try:
            envelope = decode_envelope(data)
        except DecodeError as failure:
            self.dropped += 1
            log.warning("dropped undecodable bytes", extra={"actor_id": self._start.actor_id, "error": str(failure)})
            return
        late = envelope.remaining_ms is not None and self.clock.monotonic() - now > envelope.remaining_ms / 1000
        if late or envelope.to_id != self._self_ref.id or envelope.to_uid not in ("", self._self_ref.uid):
            self.dropped += 1
            return
        self._current = envelope
        try:
            self.run(lambda: self._dispatch(envelope))
        finally:
            self._current = None

    def child(self, event: ChildEvent) -> None:
        """A spawned process has started, failed to, or ended."""
        if isinstance(event, ChildStarted) and self._spawned.pop(event.ref.uid, None) != self._registry is not None:
            self.send(event.ref, RegistryChanged(registry=self._registry))  # it moved between the fork and the start
        elif isinstance(event, ChildIgnored | ChildStartFailed):
            self._spawned.pop(event.uid, None)
        self.run(lambda: self._living.on_child(event))

    def run(self, callback: Callable[[], None]) -> None:
        """Run one turn; an exception that leaves it ends the actor."""
        if self.ended is not None:
            return
        try:
            callback()
        except Exception as failure:
            log.exception("actor crashed", extra={"actor_id": self._start.actor_id})
            self._end(reason_of(failure))

    # Context, called by the actor.

    @property
    def self_ref(self) -> Ref:
        """See `Context.self_ref`."""
        return self._self_ref

    @property
    def parent(self) -> Ref | None:
        """See `Context.parent`."""
        return self._start.parent

    @property
    def registry(self) -> Ref | None:
        """See `Context.registry`."""
        return self._registry

    @property
    def sender(self) -> Ref | None:
        """See `Context.sender`."""
        return self._current.sender if self._current else None

    @property
    def clock(self) -> Clock:
        """See `Context.clock`."""
        return self._runtime.clock

    @property
    def entropy(self) -> Entropy:
        """See `Context.entropy`."""
        return self._runtime.entropy

    @property
    def memory(self) -> memoryview | None:
        """See `Context.memory`."""
        return self._runtime.memory

    def send(self, to: Ref, message: Message, *, deadline_s: float | None = None) -> None:
        """See `Context.send`."""
        self._transmit(to, message, remaining_ms=None if deadline_s is None else round(deadline_s * 1000))

    def reply(self, message: Message) -> None:
        """See `Context.reply`."""
        self.replier()(message)

    def replier(self) -> Callable[[Message], None]:
        """See `Context.replier`."""
        request = self._current
        if request is None or request.sender is None:
            return lambda _message: None
        sender, correlation, trace = request.sender, request.message_id, request.trace_id

        def answer(message: Message) -> None:
            self._transmit(sender, message, correlation_id=correlation, trace_id=trace)

        return answer

    def ask(self, to: Ref, message: Message, *, timeout_s: float, then: Callable[[Message | None], None]) -> None:
        """See `Context.ask`."""
        if len(self._requests) >= MAX_OPEN_REQUESTS:
            self._answer(next(iter(self._requests)), None)
        message_id = self._transmit(to, message, remaining_ms=round(timeout_s * 1000))

        def give_up() -> None:
            self._answer(message_id, None)

        self._requests[message_id] = (then, self.after(timeout_s, give_up))

    def ask_name(self, name: str, message: Message, *, timeout_s: float, then: Callable[[Message | None], None]) -> None:
        """See `Context.ask_name`."""

        def found(ref: Ref | None) -> None:
            if ref is None:
                then(None)
            else:
                self.ask(ref, message, timeout_s=timeout_s, then=then)

        self._whereis(name, found)

    def send_name(self, name: str, message: Message) -> None:
        """See `Context.send_name`."""
        self._whereis(name, lambda ref: None if ref is None else self.send(ref, message))

    def after(self, delay_s: float, callback: Callable[[], None]) -> Cancel:
        """See `Context.after`."""
        return self._runtime.schedule(delay_s, lambda: self.run(callback))

    def post(self, callback: Callable[[], None]) -> None:
        """See `Context.post`."""
        self._runtime.post(lambda: self.run(callback))

    def exit(self, reason: ExitReason) -> None:
        """See `Context.exit`."""
        self._end(reason)

    def spawn(self, start: ActorStart) -> None:
        """See `Context.spawn`."""
        self._spawned[start.uid] = self._registry
        self._runtime.spawn(replace(start, parent=self._self_ref, registry=self._registry))

    def signal_child(self, uid: str, reason: ExitReason) -> None:
        """See `Context.signal_child`."""
        self._runtime.signal(uid, reason)

    def kill_child(self, uid: str) -> None:
        """See `Context.kill_child`."""
        self._runtime.kill(uid)

    def release_memory(self, memory_key: str) -> None:
        """See `Context.release_memory`."""
        self._runtime.release_memory(memory_key)

    # Inside.

    @property
    def _living(self) -> Actor:
        return cast("Actor", self._actor)

    def _dispatch(self, envelope: Envelope) -> None:
        message = envelope.message
        if envelope.correlation_id and self._answer(envelope.correlation_id, message):
            return
        match message:
            case ExitSignal():
                self._exit_signal(ExitReason.parse(message.reason), from_parent=message.from_parent)
            case Ping(probe=probe):
                replier = self.replier()
                self._living.on_ping(lambda: replier(Pong(probe=probe)))
            case RegistryChanged(registry=registry):
                if registry != self._registry:
                    self._registry = registry
                    self._living.on_registry_changed()
            case _:
                self._living.on_message(message)

    def _exit_signal(self, reason: ExitReason, *, from_parent: bool) -> None:
        if reason == KILLED:
            self.ended = reason
        elif not self._trapping:
            # OTP: the signal `normal` from anybody but the parent has no effect.
            if from_parent or str(reason) != "normal":
                self.ended = reason
        elif from_parent:
            self._living.on_shutdown(reason)
        else:
            self._living.on_exit_signal(reason)

    def _end(self, reason: ExitReason) -> None:
        if self.ended is not None:
            return
        self.ended = reason
        try:
            self._living.terminate(reason)
        except Exception as failure:
            log.exception("terminate failed", extra={"actor_id": self._start.actor_id})
            self.ended = reason_of(failure)

    def _transmit(self, to: Ref, message: Message, *, correlation_id: str = "", trace_id: str = "", remaining_ms: int | None = None) -> str:
        message_id = self.entropy.hex_id()
        envelope = Envelope(
            message=message,
            message_id=message_id,
            to_id=to.id,
            to_uid=to.uid,
            sender=self._self_ref,
            correlation_id=correlation_id,
            trace_id=trace_id or (self._current.trace_id if self._current else "") or message_id,
            remaining_ms=remaining_ms,
        )
        self._runtime.transmit(to, encode_envelope(envelope))
        return message_id

    def _answer(self, message_id: str, message: Message | None) -> bool:
        then, cancel = self._requests.pop(message_id, (None, None))
        if then is None or cancel is None:
            return False
        cancel()
        then(message)
        return True

    def _whereis(self, name: str, then: Callable[[Ref | None], None]) -> None:
        if self._registry is None:
            then(None)
            return
        self.ask(
            self._registry,
            Lookup(name=name),
            timeout_s=LOOKUP_TIMEOUT_S,
            then=lambda answer: then(answer.ref if isinstance(answer, Found) else None),
        )


def load_actor(path: str) -> type[Actor]:
    """The actor class that ``module:name`` names.

    Raises:
        ImportError, AttributeError: there is no such module or name.
    """
    module, _, name = path.partition(":")
    return cast("type[Actor]", getattr(importlib.import_module(module), name))


def reason_of(failure: BaseException) -> ExitReason:
    """The exit reason that an exception is: its class and the first line of its text, at most 200 characters."""
    text = str(failure).split("\n", 1)[0][:200]
    return abnormal(f"{type(failure).__name__}: {text}" if text else type(failure).__name__)
