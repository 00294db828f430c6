import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from protocols import AuthenticationError
from supervision.thespian_seam import outbound
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.frames import AckWriter, Frame, FrameReader, Kind
from supervision.thespian_seam.handshake import ANSWER_BYTES, Hello, make_answer, read_hello, session_keys
from supervision.thespian_seam.keys import Key
from supervision.thespian_seam.outbound import MAX_WAITING, Fate, OutboundChannel, Outbox

KEY = Key(bytes(32))
ALICE = EndpointAddress("127.0.0.1", 1001, "aa" * 16)
BOB = EndpointAddress("127.0.0.1", 1002, "bb" * 16)


def frame(sequence: int, payload: bytes = b"") -> Frame:
    return Frame(Kind.ENVELOPE, sequence, payload)


def opened() -> tuple[OutboundChannel, Hello]:
    channel = OutboundChannel(KEY, ALICE, BOB, b"c" * 16)
    hello = read_hello(KEY, channel.greeting)
    channel.receive(make_answer(KEY, hello, b"s" * 16, welcome=True))
    return channel, hello


def test_the_channel_opens_with_the_welcome() -> None:
    channel, _ = opened()
    assert channel.open
    assert not channel.gone


def test_frames_are_encoded_once_the_channel_is_open() -> None:
    channel, hello = opened()
    reader = FrameReader(session_keys(KEY, hello, b"s" * 16).frames)
    assert reader.feed(channel.encode(frame(1, b"hello"))) == [frame(1, b"hello")]


def test_a_life_that_is_over_is_noticed() -> None:
    channel = OutboundChannel(KEY, ALICE, BOB, b"c" * 16)
    answer = make_answer(KEY, read_hello(KEY, channel.greeting), bytes(16), welcome=False)
    assert channel.receive(answer) == (b"", 0)
    assert channel.gone
    assert not channel.open


@given(st.binary(min_size=ANSWER_BYTES, max_size=ANSWER_BYTES + 40))
def test_s1_a_listener_without_the_key_is_hung_up_on(data: bytes) -> None:
    with pytest.raises(AuthenticationError):
        OutboundChannel(KEY, ALICE, BOB, b"c" * 16).receive(data)


@given(st.binary(max_size=ANSWER_BYTES - 1))
@example(b"")
def test_a_listener_that_says_too_little_gets_nothing(data: bytes) -> None:
    channel = OutboundChannel(KEY, ALICE, BOB, b"c" * 16)
    assert channel.receive(data) == (b"", 0)
    with pytest.raises(ValueError, match="before"):
        channel.encode(frame(1))


def test_a_listener_that_echoes_gets_nothing() -> None:
    channel = OutboundChannel(KEY, ALICE, BOB, b"c" * 16)
    with pytest.raises(AuthenticationError):
        channel.receive(channel.greeting)


def test_a_forged_acknowledgement_is_refused() -> None:
    channel, hello = opened()
    assert channel.receive(AckWriter(session_keys(KEY, hello, b"s" * 16).acks).encode(4)) == (b"", 4)
    with pytest.raises(AuthenticationError):
        channel.receive(AckWriter(bytes(32)).encode(5))


def test_a_recorded_welcome_opens_nothing() -> None:
    old, hello = opened()
    with pytest.raises(AuthenticationError):
        OutboundChannel(KEY, ALICE, BOB, b"d" * 16).receive(make_answer(KEY, hello, b"s" * 16, welcome=True))
    assert old.open


def test_m3_every_message_learns_its_fate() -> None:
    told: list[tuple[int, Fate]] = []
    outbox = Outbox()
    for sequence in range(1, 5):
        outbox.put(frame(sequence), lambda fate, sequence=sequence: told.append((sequence, fate)))  # type: ignore[misc]
    outbox.put(frame(5), None)
    for _ in range(3):
        outbox.next()
    outbox.acknowledged(2)
    outbox.abandon(Fate.DEAD)
    assert told == [(1, Fate.TAKEN), (2, Fate.TAKEN), (3, Fate.DEAD), (4, Fate.DEAD)]
    assert len(outbox) == 0
    assert outbox.next() is None


def test_at_the_bound_of_messages_the_newest_is_refused() -> None:
    outbox = Outbox()
    assert all(outbox.put(frame(sequence), None) for sequence in range(1, MAX_WAITING + 1))
    assert not outbox.put(frame(MAX_WAITING + 1), None)
    outbox.next()
    assert not outbox.put(frame(MAX_WAITING + 1), None), "what is in flight counts"
    outbox.acknowledged(1)
    assert outbox.put(frame(MAX_WAITING + 1), None)


def test_at_the_bound_of_bytes_the_newest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "MAX_WAITING_BYTES", 10)
    outbox = Outbox()
    assert outbox.put(frame(1, bytes(8)), None)
    assert not outbox.put(frame(2, bytes(3)), None)
    assert outbox.put(frame(3, bytes(2)), None)
    outbox.next()
    outbox.rewind()
    assert not outbox.put(frame(4, bytes(1)), None), "what is sent again waits as before"
    outbox.next()
    outbox.acknowledged(1)
    assert outbox.put(frame(4, bytes(8)), None), "what was taken gives its bytes back"
    assert not outbox.put(frame(5, bytes(1)), None), "and no more than those"
    outbox.abandon(Fate.LOST)
    assert outbox.put(frame(6, bytes(10)), None), "what was given up gives them back, too"


class Outboxes(RuleBasedStateMachine):
    """Whatever is lost and sent again, a recipient that skips what it has gets everything once and in order."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox, self.put, self.got, self.wire = Outbox(), 0, [0], 0

    @rule()
    def send(self) -> None:
        self.put += 1
        self.outbox.put(frame(self.put), None)

    @rule()
    def transmit(self) -> None:
        sent = self.outbox.next()
        if sent is not None and sent.sequence > self.got[-1]:
            self.got.append(sent.sequence)

    @rule()
    def acknowledge(self) -> None:
        self.outbox.acknowledged(self.got[-1])

    @rule()
    def lose_the_connection(self) -> None:
        self.outbox.rewind()

    @invariant()
    def everything_once_and_in_order(self) -> None:
        assert self.got == list(range(len(self.got)))


TestOutboxes = Outboxes.TestCase
