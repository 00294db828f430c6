"""What hosts one actor, whatever its runtime: bytes become callbacks, exceptions become exit reasons.

How it works. The runtime hands in one thing after the other: the boot, a message, the fate of a child, a timer, a post. Each is one *turn*
(`run`), and no turn runs within another, so a callback never sees a state that another one is changing. An exception that leaves a turn, or
a call of `exit` in it, ends the actor when the turn is over.

A message takes these steps, and falls out at the first that it fails: it is decoded; its `Origin` proves the sender that it names; it is
in time, and for this incarnation and not one that had the address before; it is the first of its copies (a later one is answered as the
first was); it may be said from there (`_why_not`). What falls out is dropped and counted; a proven sender who may not say it is told so. An
answer goes to whoever asked, an exit signal by the rule of `exits`, a ping and a new registry to their callbacks, everything else to
`on_message`.

A start is over when `on_start` returns, or later where the actor defers it; it may be acknowledged before (OTP's ``proc_lib:init_ack/2``),
refused (``ignore``) or failed (``{stop, Reason}`` of ``gen_server``'s ``init/1``). Who never was up is not terminated, as there.

This is the one seam of an actor where every `Exception` is caught, and `SystemExit`, which ends an actor and never its host.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from protocols import (
    NORMAL,
    Clock,
    DecodeError,
    Entropy,
    Envelope,
    ErrorReply,
    ExitReason,
    ExitSignal,
    NotPermittedError,
    Ping,
    Pong,
    Ref,
    RegistryChanged,
    UsageError,
    decode_envelope,
)
from supervision.actor.actor import Actor, Ignore, StopStart
from supervision.actor.children import ActorStart, ChildEvent, ChildIgnored, ChildStarted, ChildStartFailed
from supervision.actor.context import Cancel
from supervision.actor.exits import ends_at_once, reason_of
from supervision.actor.loading import load_actor
from supervision.actor.origin import CONFINED_MAY_SEND, Origin
from supervision.actor.runtime import Runtime
from supervision.actor.sending import Sending, is_answer

log = logging.getLogger("livekitex.actor")


class ActorCell:
    """Hosts one `Actor` on a `Runtime`, and is its `Context`.

    ``acknowledged``, ``started``, ``ended`` and ``ignored`` tell the runtime where the actor's life stands (see `Runtime`);
    ``dropped`` counts the messages that were not handled, ``refused`` those among them whose origin had no right to them.
    """

    def __init__(self, start: ActorStart, runtime: Runtime) -> None:
        self._start = start
        self._runtime = runtime
        self._self_ref = Ref(id=start.actor_id, uid=start.uid, address=runtime.address)
        self._registry = start.registry
        self._current: Envelope | None = None
        self._spawned: dict[str, Ref | None] = {}
        self._actor: Actor | None = None
        self._deferred = False
        self._leaving: ExitReason | None = None
        self.acknowledged = False
        self.started = False
        self.ended: ExitReason | None = None
        self.ignored = False
        self.dropped = 0
        self.refused = 0
        self._sending = sending = Sending(self._self_ref, runtime, self.after, lambda: self._current, lambda: self._registry)
        # The part of its `Context` that is about messages.
        self.send, self.reply, self.replier = sending.send, sending.reply, sending.replier
        self.ask, self.ask_repeatedly = sending.ask, sending.ask_repeatedly
        self.ask_name, self.send_name = sending.ask_name, sending.send_name

    # Inputs, called by the runtime.

    def boot(self) -> ExitReason | Ignore | None:
        """Make the actor and run its `on_start`: None when it is up (or its start deferred), `Ignore`, or the reason why it is not."""
        self.run(self._boot)
        return Ignore() if self.ignored else self.ended

    def receive(self, data: bytes, now: float, origin: Origin) -> None:
        """Handle one delivered envelope; ``now`` is the monotonic time of its arrival at this process.

        What ``origin`` does not prove to be its sender's, or may not say, is refused: counted, logged at the 1st, 2nd, 4th, … time, and
        told to a proven sender as an `ErrorReply`.
        """
        if self.ended is not None:
            return
        try:
            envelope = decode_envelope(data)
        except DecodeError as failure:
            self.dropped += 1
            log.warning("dropped undecodable bytes", extra={"actor_id": self._start.actor_id, "error": str(failure)})
            return
        if envelope.sender is not None and not origin.proves(envelope.sender):
            self._refuse(envelope, "sent by another than it says")
            return
        late = envelope.remaining_ms is not None and self.clock.monotonic() - now > envelope.remaining_ms / 1000
        if late or envelope.to_id != self._self_ref.id or envelope.to_uid not in ("", self._self_ref.uid):
            self.dropped += 1
            return
        if not self._sending.is_first(envelope):
            return
        self._current = envelope
        try:
            if wrong := self._why_not(envelope, origin):
                self._refuse(envelope, wrong)
                self.reply(ErrorReply.of(NotPermittedError(f"{type(envelope.message).__name__} to {self._self_ref.id}: {wrong}")))
            else:
                self.run(lambda: self._dispatch(envelope))
        finally:
            self._current = None

    def ask_to_end(self, reason: ExitReason) -> None:
        """The exit signal of a parent that is no actor: of what hosts a root."""
        self.run(lambda: self._exit_signal(reason, from_parent=True))

    def child(self, event: ChildEvent) -> None:
        """A spawned process has started, failed to, or ended."""
        self.run(lambda: self._child(event))

    def run(self, callback: Callable[[], None]) -> None:
        """Run one turn; an exception that leaves it ends the actor. Does nothing once the actor is over."""
        if self.ended is not None:
            return
        try:
            callback()
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - let it crash: any exception is the reason of the end
            self._fail(failure)
        if self._leaving is not None:
            self._end(self._leaving)

    @property
    def actor(self) -> Actor:
        """The actor, for a look at its state from outside.

        Raises:
            UsageError: its class was not loaded, or its constructor failed.
        """
        if self._actor is None:
            raise UsageError(f"{self._start.actor_id} has no actor: its class {self._start.actor} did not load")
        return self._actor

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

    @property
    def last_exit(self) -> str:
        """See `Context.last_exit`."""
        return self._start.last_exit

    def defer_start(self) -> Callable[[], None]:
        """See `Context.defer_start`."""
        if self.started:
            raise UsageError("the start is over: defer it in on_start")
        self._deferred = True
        return self._finish_start

    def acknowledge_start(self) -> None:
        """See `Context.acknowledge_start`."""
        self.acknowledged = True

    def after(self, delay_s: float, callback: Callable[[], None]) -> Cancel:
        """See `Context.after`."""
        return self._runtime.schedule(delay_s, lambda: self.run(callback))

    def post(self, callback: Callable[[], None]) -> None:
        """See `Context.post`."""
        self._runtime.post(lambda: self.run(callback))

    def exit(self, reason: ExitReason) -> None:
        """See `Context.exit`."""
        if self._leaving is None:
            self._leaving = reason

    def spawn(self, start: ActorStart) -> Ref:
        """See `Context.spawn`."""
        if self._start.confined or self._start.light:
            raise UsageError(f"{self._start.actor_id} runs user code, or lives in its parent's process: it starts no actors")
        self._spawned[start.uid] = self._registry
        address = self._runtime.spawn(replace(start, parent=self._self_ref, registry=self._registry))
        return Ref(id=start.actor_id, uid=start.uid, address=address)

    def signal_child(self, uid: str, reason: ExitReason) -> None:
        """See `Context.signal_child`."""
        self._runtime.signal(uid, reason)

    def kill_child(self, uid: str, *, trace: bool = False) -> None:
        """See `Context.kill_child`."""
        self._runtime.kill(uid, trace=trace)

    def child_progress(self, uid: str) -> int:
        """See `Context.child_progress`."""
        return self._runtime.progress(uid)

    def release_memory(self, memory_key: str) -> None:
        """See `Context.release_memory`."""
        self._runtime.release_memory(memory_key)

    # Inside.

    def _why_not(self, envelope: Envelope, origin: Origin) -> str:
        """Why the origin may not say this here; empty if it may."""
        message = envelope.message
        if isinstance(message, ExitSignal) and message.from_parent and envelope.sender != self._start.parent:
            return "only its parent ends it as its parent"
        if origin.confined and not is_answer(envelope) and not isinstance(message, CONFINED_MAY_SEND):
            return "a process that runs user code may not say this"
        return ""

    def _refuse(self, envelope: Envelope, why: str) -> None:
        self.dropped += 1
        self.refused += 1
        if self.refused.bit_count() == 1:
            told = {"actor_id": self._start.actor_id, "message_tag": envelope.message.TAG, "sender": envelope.sender and envelope.sender.id}
            log.warning("refused a message: %s", why, extra={**told, "refused": self.refused})

    @property
    def _living(self) -> Actor:
        return cast("Actor", self._actor)

    def _boot(self) -> None:
        actor_class = load_actor(self._start.actor)
        self._actor = actor_class(self)
        self._actor.on_start(self._start.args)
        if not self._deferred:
            self._finish_start()

    def _finish_start(self) -> None:
        self.started = self._leaving is None and self.ended is None

    def _child(self, event: ChildEvent) -> None:
        match event:
            case ChildStarted(ref=ref):
                told = self._spawned.pop(ref.uid, None)
                if self._registry is not None and told != self._registry:
                    self.send(ref, RegistryChanged(registry=self._registry))  # it moved between the fork and the start
            case ChildIgnored(uid=uid) | ChildStartFailed(uid=uid):
                self._spawned.pop(uid, None)
            case _:
                pass
        self._living.on_child(event)

    def _dispatch(self, envelope: Envelope) -> None:
        message = envelope.message
        if is_answer(envelope):
            if not self._sending.answered(envelope):
                self.dropped += 1
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
        trapping = self._living.trap_exit
        if ends_at_once(reason, from_parent=from_parent, trapping=trapping):
            self.ended = reason
        elif trapping and from_parent:
            self._living.on_shutdown(reason)
        elif trapping:
            self._living.on_exit_signal(reason)

    def _fail(self, failure: BaseException) -> None:
        match failure:
            case Ignore() if not (self.started or self.acknowledged):
                self.ignored = self._leaving is None
                self.exit(NORMAL)
            case StopStart() if not self.started:
                self.exit(failure.reason)
            case UsageError() if not self.started:  # whoever asked for the start hears of it: no crash
                log.info("start refused: %s", failure, extra={"actor_id": self._start.actor_id})
                self.exit(reason_of(failure))
            case _:
                log.error("actor crashed", exc_info=failure, extra={"actor_id": self._start.actor_id})
                self.exit(reason_of(failure))

    def _end(self, reason: ExitReason) -> None:
        self.ended = reason
        if not self.started:
            return  # OTP: who never was up has nothing to terminate
        try:
            self._living.terminate(reason)
        except (Exception, SystemExit) as failure:
            log.exception("terminate failed", extra={"actor_id": self._start.actor_id})
            self.ended = reason_of(failure)
