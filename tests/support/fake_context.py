"""A `Context` that performs nothing and notes everything, under a clock that the test moves."""

from collections.abc import Callable
from dataclasses import dataclass, field

from protocols import Envelope, ExitReason, Message, Ref, SeededEntropy, encode_envelope
from supervision import Actor


@dataclass
class Ask:
    """A request that waits for its answer: ``ask.then(message)``."""

    to: Ref | str
    message: Message
    timeout_s: float
    then: Callable[[Message | None], None]


@dataclass
class FakeClock:
    """Stands still until told otherwise."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_700_000_000.0 + self.now


@dataclass
class Timer:
    """A callback and when it is due."""

    at: float
    callback: Callable[[], None]
    cancelled: bool = False


@dataclass
class FakeContext:
    """Notes what an actor does: ``sent``, ``asks`` (oldest first), ``replies`` of `deliver`, ``exited``."""

    self_ref: Ref = field(default_factory=lambda: Ref(id="me", uid="me-1", address="here"))
    parent: Ref | None = None
    registry: Ref | None = None
    sender: Ref | None = None
    memory: memoryview | None = None
    last_exit: str = ""
    clock: FakeClock = field(default_factory=FakeClock)
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(0))
    sent: list[tuple[Ref | str, Message]] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    exited: ExitReason | None = None
    acknowledged: bool = False
    progress: int = 0
    _replies: list[Message] | None = None

    def deliver(self, actor: Actor, message: Message, sender: Ref | None = None) -> list[Message]:
        """Hand ``message`` to the actor; the list grows with the answers to it, now and later."""
        self.sender = sender or ref("asker")
        self._replies = replies = []
        actor.on_message(message)
        self.sender = self._replies = None
        return replies

    def advance(self, seconds: float) -> None:
        """Let the time pass; what is due runs in order."""
        end = self.clock.now + seconds
        while due := sorted((timer for timer in self.timers if timer.at <= end and not timer.cancelled), key=lambda timer: timer.at):
            self.timers.remove(due[0])
            self.clock.now = max(self.clock.now, due[0].at)
            due[0].callback()
        self.clock.now = end

    def take_asks(self) -> list[Ask]:
        """The open requests; the list is empty afterwards."""
        asks, self.asks = self.asks, []
        return asks

    def reply(self, message: Message) -> None:
        self.replier()(message)

    def replier(self) -> Callable[[Message], None]:
        replies = self._replies
        return lambda message: None if replies is None else replies.append(_wire(message))

    def send(self, to: Ref, message: Message, *, deadline_s: float | None = None) -> None:
        self.sent.append((to, _wire(message)))

    def send_name(self, name: str, message: Message) -> None:
        self.sent.append((name, _wire(message)))

    def ask(self, to: Ref, message: Message, *, timeout_s: float, then: Callable[[Message | None], None]) -> None:
        self.asks.append(Ask(to, _wire(message), timeout_s, then))

    def ask_repeatedly(self, to: Ref, message: Message, *, timeout_s: float, then: Callable[[Message | None], None]) -> Callable[[], None]:
        asked = Ask(to, _wire(message), timeout_s, then)
        self.asks.append(asked)
        return lambda: self.asks.remove(asked) if asked in self.asks else None

    def ask_name(self, name: str, message: Message, *, timeout_s: float, then: Callable[[Message | None], None]) -> None:
        self.asks.append(Ask(name, _wire(message), timeout_s, then))

    def after(self, delay_s: float, callback: Callable[[], None]) -> Callable[[], None]:
        timer = Timer(self.clock.now + delay_s, callback)
        self.timers.append(timer)

        def cancel() -> None:
            timer.cancelled = True

        return cancel

    def acknowledge_start(self) -> None:
        self.acknowledged = True

    def child_progress(self, uid: str) -> int:
        return self.progress

    def post(self, callback: Callable[[], None]) -> None:
        callback()

    def exit(self, reason: ExitReason) -> None:
        self.exited = self.exited or reason


def ref(actor_id: str, life: int = 1) -> Ref:
    """A life of an actor."""
    return Ref(id=actor_id, uid=f"{actor_id}-{life}", address="127.0.0.1:1")


def _wire(message: Message) -> Message:
    """``message``, which must be able to travel."""
    encode_envelope(Envelope(message=message, message_id="m", to_id="t", to_uid="u"))
    return message
