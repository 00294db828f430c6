import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import AuthenticationError, DecodeError
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.frames import Frame, Kind
from supervision.thespian_seam.handshake import HELLO_BYTES, make_hello, read_answer
from supervision.thespian_seam.inbound import READ_BYTES, InboundChannel, InboundState
from supervision.thespian_seam.keys import Key
from supervision.thespian_seam.outbound import OutboundChannel

KEY = Key(bytes(32))
ALICE = EndpointAddress("127.0.0.1", 1001, "aa" * 16)
BOB = EndpointAddress("127.0.0.1", 1002, "bb" * 16)


def connected(recorded: list[bytes] | None = None) -> tuple[OutboundChannel, InboundChannel]:
    """Both ends after the handshake; ``recorded`` gets what the connector sent."""
    alice, bob = OutboundChannel(KEY, ALICE, BOB, b"c" * 16), InboundChannel(KEY, BOB, b"s" * 16)
    welcome, _ = bob.receive(alice.greeting)
    finish, _ = alice.receive(welcome)
    bob.receive(finish)
    if recorded is not None:
        recorded += [alice.greeting, finish]
    return alice, bob


def test_frames_pass_once_both_sides_are_proven() -> None:
    alice, bob = connected()
    assert (bob.state, bob.sender) == (InboundState.OPEN, ALICE)
    frame = Frame(Kind.ENVELOPE, 3, b"hello")
    assert bob.receive(alice.encode(frame)) == (b"", [frame])
    assert alice.receive(bob.acknowledge(3)) == (b"", 3)


def test_bytes_may_come_one_by_one() -> None:
    alice, bob = OutboundChannel(KEY, ALICE, BOB, b"c" * 16), InboundChannel(KEY, BOB, b"s" * 16)
    answer = b"".join(bob.receive(bytes([byte]))[0] for byte in alice.greeting)
    finish = b"".join(alice.receive(bytes([byte]))[0] for byte in answer)
    for byte in finish:
        bob.receive(bytes([byte]))
    assert bob.state is InboundState.OPEN


def test_no_more_is_read_than_a_stranger_may_send() -> None:
    alice, bob = OutboundChannel(KEY, ALICE, BOB, b"c" * 16), InboundChannel(KEY, BOB, b"s" * 16)
    assert bob.wanted == HELLO_BYTES
    bob.receive(alice.greeting[:10])
    assert bob.wanted == HELLO_BYTES - 10
    bob.receive(alice.greeting[10:])
    assert bob.wanted == 32
    assert connected()[1].wanted == READ_BYTES


@given(st.binary(min_size=HELLO_BYTES, max_size=HELLO_BYTES))
def test_s1_any_bytes_of_a_stranger_are_refused_undecoded(data: bytes) -> None:
    with pytest.raises(AuthenticationError):
        InboundChannel(KEY, BOB, b"s" * 16).receive(data)


def test_a_recorded_connection_opens_nothing() -> None:
    recorded: list[bytes] = []
    alice, _ = connected(recorded)
    recorded.append(alice.encode(Frame(Kind.ENVELOPE, 1, b"buy")))
    bob = InboundChannel(KEY, BOB, b"t" * 16)
    assert bob.receive(recorded[0])[0]  # a recorded HELLO is welcomed, with another nonce than then
    with pytest.raises(AuthenticationError):
        bob.receive(recorded[1])
    assert bob.state is InboundState.FINISH


def test_m7_a_connection_to_an_earlier_life_of_the_port_is_told_that_it_is_gone() -> None:
    newborn = EndpointAddress(BOB.host, BOB.port, "cc" * 16)
    bob = InboundChannel(KEY, newborn, b"s" * 16)
    hello = make_hello(KEY, b"c" * 16, ALICE, BOB)
    answer, frames = bob.receive(hello.data)
    assert (read_answer(KEY, hello, answer), frames, bob.state) == (None, [], InboundState.GONE)
    assert bob.sender is None
    assert bob.wanted == 1
    with pytest.raises(AuthenticationError, match="over"):
        bob.receive(b"x")


def test_nothing_is_acknowledged_before_authentication() -> None:
    with pytest.raises(ValueError, match="before"):
        InboundChannel(KEY, BOB, b"s" * 16).acknowledge(1)


def test_a_broken_frame_on_an_open_connection_is_refused() -> None:
    _, bob = connected()
    with pytest.raises((AuthenticationError, DecodeError)):
        bob.receive(b"\0" * 45)
