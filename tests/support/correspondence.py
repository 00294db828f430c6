"""Messages to one actor and from it, for a test that is everybody else."""

import threading
from collections.abc import Callable
from typing import TypeVar

from protocols import Envelope, Message, Ref, SystemEntropy, decode_envelope, encode_envelope

M = TypeVar("M", bound=Message)
TESTER = Ref(id="tester", uid="t1", address="outside")
REGISTRY = Ref(id="registry", uid="r1", address="outside")
DEADLINE_S = 100.0


class Correspondence:
    """``send`` brings an envelope to the actor ``ref``; what the actor sends is given to `arrive`."""

    def __init__(self, ref: Ref, send: Callable[[bytes], None]) -> None:
        self.ref = ref
        self.received: list[tuple[Ref, Envelope]] = []
        self._send = send
        self._arrived = threading.Condition()
        self._entropy = SystemEntropy()

    def arrive(self, to: Ref, data: bytes) -> None:
        envelope = decode_envelope(data)
        with self._arrived:
            self.received.append((to, envelope))
            self._arrived.notify_all()

    def tell(self, message: Message, *, sender: Ref = TESTER, answers: str = "") -> str:
        """Send; the message's id. ``answers`` is the id of the request that it answers."""
        envelope = Envelope(
            message=message,
            message_id=self._entropy.hex_id(),
            to_id=self.ref.id,
            to_uid=self.ref.uid,
            sender=sender,
            correlation_id=answers,
        )
        self._send(encode_envelope(envelope))
        return envelope.message_id

    def ask(self, message: Message) -> Message:
        """Send, and wait for the answer."""
        message_id = self.tell(message)
        return self.wait(lambda _to, envelope: envelope.correlation_id == message_id).message

    def wait(self, wanted: Callable[[Ref, Envelope], bool], within_s: float = DEADLINE_S) -> Envelope:
        """The first message that is ``wanted``, now or soon."""
        found: list[Envelope] = []

        def look() -> bool:
            found[:] = [envelope for to, envelope in self.received if wanted(to, envelope)]
            return bool(found)

        with self._arrived:
            assert self._arrived.wait_for(look, within_s), [f"{envelope.message!r:.200}" for _, envelope in self.received[-20:]]
        return found[0]

    def wait_for(self, kind: type[M], wanted: Callable[[M], bool] = lambda _message: True, within_s: float = DEADLINE_S) -> M:
        """The first message of this kind that is ``wanted``, now or soon."""
        envelope = self.wait(lambda _to, envelope: isinstance(envelope.message, kind) and wanted(envelope.message), within_s)
        assert isinstance(envelope.message, kind)
        return envelope.message

    def all(self, kind: type[M]) -> list[M]:
        """The messages of this kind so far."""
        with self._arrived:
            return [envelope.message for _, envelope in self.received if isinstance(envelope.message, kind)]
