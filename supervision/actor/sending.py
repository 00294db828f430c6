"""What one actor says: messages, requests and answers, also to whoever has a name.

What it says while it handles a message goes on with the trace of that one. An answer carries the id of its request as its correlation id;
so which messages are answers, and to requests of which kind, is told by how that id begins.
"""

from collections.abc import Callable
from typing import Final

from protocols import Envelope, Found, Lookup, Message, Ref, encode_envelope
from supervision.actor.context import Cancel
from supervision.actor.requests import After, Copies, Key, OpenRequests, Then
from supervision.actor.runtime import Runtime

LOOKUP_TIMEOUT_S: Final = 2.0

ASK_MARK: Final = "ask-"
"""Begins the message id of a request, so that an answer which comes after its deadline is known as one."""
REPEATED_MARK: Final = ASK_MARK + "repeated-"
"""Begins that of a request of which several copies may come."""


def is_answer(envelope: Envelope) -> bool:
    """Whether it answers a request, also one that nobody waits for any more."""
    return envelope.correlation_id.startswith(ASK_MARK)


class Sending:
    """The part of one actor's `Context` that is about messages.

    ``handled`` tells what the actor handles now, ``registry`` which one it knows; ``after`` makes a timer whose callback is a turn.
    """

    def __init__(
        self, self_ref: Ref, runtime: Runtime, after: After, handled: Callable[[], Envelope | None], registry: Callable[[], Ref | None]
    ) -> None:
        self._self_ref = self_ref
        self._runtime = runtime
        self._after = after
        self._handled = handled
        self._registry = registry
        self._requests = OpenRequests(runtime.clock, after)
        self._copies = Copies()

    def send(self, to: Ref, message: Message, *, deadline_s: float | None = None) -> None:
        """See `Context.send`."""
        self._transmit(to, message, remaining_ms=None if deadline_s is None else round(deadline_s * 1000))

    def reply(self, message: Message) -> None:
        """See `Context.reply`."""
        self.replier()(message)

    def replier(self) -> Callable[[Message], None]:
        """See `Context.replier`."""
        request = self._handled()
        if request is None or request.sender is None:
            return lambda _message: None
        sender, correlation, trace, key = request.sender, request.message_id, request.trace_id, _key(request)

        def answer(message: Message) -> None:
            data = self._transmit(sender, message, correlation_id=correlation, trace_id=trace)
            if key is not None:
                self._copies.answered(key, data)

        return answer

    def ask(self, to: Ref, message: Message, *, timeout_s: float, then: Then) -> None:
        """See `Context.ask`."""
        self._request(ASK_MARK, to, message, timeout_s, then)

    def ask_repeatedly(self, to: Ref, message: Message, *, timeout_s: float, then: Then) -> Cancel:
        """See `Context.ask_repeatedly`."""
        message_id = self._request(REPEATED_MARK, to, message, timeout_s, then)
        return lambda: self._requests.forget(message_id)

    def ask_name(self, name: str, message: Message, *, timeout_s: float, then: Then) -> None:
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

    def answered(self, answer: Envelope) -> bool:
        """Hand an answer to whatever waits for it; False: nothing does, or it is not from the actor that was asked."""
        return self._requests.answer(answer.correlation_id, answer.sender, answer.message)

    def is_first(self, envelope: Envelope) -> bool:
        """Whether an envelope is to be handled; a further copy of a request is answered as the first was, if that was answered."""
        key = _key(envelope)
        if key is None or self._copies.is_first(key):
            return True
        answer = self._copies.answer(key)
        if answer is not None and envelope.sender is not None:
            self._runtime.transmit(envelope.sender, answer)
        return False

    def _transmit(
        self,
        to: Ref,
        message: Message,
        *,
        message_id: str = "",
        correlation_id: str = "",
        trace_id: str = "",
        remaining_ms: int | None = None,
    ) -> bytes:
        message_id = message_id or self._runtime.entropy.hex_id()
        handled = self._handled()
        envelope = Envelope(
            message=message,
            message_id=message_id,
            to_id=to.id,
            to_uid=to.uid,
            sender=self._self_ref,
            correlation_id=correlation_id,
            trace_id=trace_id or (handled.trace_id if handled else "") or message_id,
            remaining_ms=remaining_ms,
        )
        data = encode_envelope(envelope)
        self._runtime.transmit(to, data)
        return data

    def _request(self, mark: str, to: Ref, message: Message, timeout_s: float, then: Then) -> str:
        message_id = mark + self._runtime.entropy.hex_id()
        handled = self._handled()
        trace_id = handled.trace_id if handled else message_id

        def send(remaining_s: float) -> None:
            self._transmit(to, message, message_id=message_id, trace_id=trace_id, remaining_ms=round(remaining_s * 1000))

        self._requests.begin(message_id, to, timeout_s, then, send, repeat=mark == REPEATED_MARK)
        return message_id

    def _whereis(self, name: str, then: Callable[[Ref | None], None]) -> None:
        registry = self._registry()
        if registry is None:
            self._after(0, lambda: then(None))  # callbacks never run inside each other
            return
        self.ask(
            registry,
            Lookup(name=name),
            timeout_s=LOOKUP_TIMEOUT_S,
            then=lambda answer: then(answer.ref if isinstance(answer, Found) else None),
        )


def _key(envelope: Envelope) -> Key | None:
    """What the copies of a request have in common; None for what comes once."""
    if envelope.sender is None or not envelope.message_id.startswith(REPEATED_MARK):
        return None
    return envelope.sender.uid, envelope.message_id
