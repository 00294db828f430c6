import errno
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from supervision.thespian_seam import links as links_module
from supervision.thespian_seam import outbound
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.frames import Kind
from supervision.thespian_seam.links import IDLE_S, PATIENCE_S
from supervision.thespian_seam.outbound import Fate
from support.seam_endpoints import ENTROPY, Endpoint, closed, turn


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def alice(clock: Clock) -> Iterator[Endpoint]:
    with Endpoint(clock=clock) as alice:
        yield alice


@pytest.fixture
def bob() -> Iterator[Endpoint]:
    with Endpoint() as bob:
        yield bob


class Impostor:
    """Listens where somebody else is expected, and says what it is told."""

    def __init__(self) -> None:
        self.listener, self.address = listen("127.0.0.1", "peer", ENTROPY.hex_id())
        self.got = b""
        self.sock: socket.socket | None = None

    def accepted(self) -> bool:
        try:
            self.sock, _ = self.listener.accept()
        except BlockingIOError:
            return False
        self.sock.setblocking(False)
        return True

    def read(self) -> bool:
        assert self.sock is not None
        try:
            self.got += self.sock.recv(4096)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self.listener.close()
        if self.sock is not None:
            self.sock.close()


@pytest.fixture
def impostor() -> Iterator[Impostor]:
    impostor = Impostor()
    yield impostor
    impostor.close()


def send(alice: Endpoint, to: EndpointAddress, payload: bytes = b"secret words", fates: list[Fate] | None = None) -> None:
    alice.links.send(to, Kind.ENVELOPE, payload, None if fates is None else fates.append)


def test_messages_arrive_in_order_and_their_fate_is_told(alice: Endpoint, bob: Endpoint) -> None:
    fates: list[Fate] = []
    for number in range(300):
        send(alice, bob.address, b"%d" % number, fates)
    turn(lambda: len(fates) == 300, alice, bob)
    assert bob.said == [b"%d" % number for number in range(300)]
    assert set(fates) == {Fate.TAKEN}
    assert alice.links.pending == 0


def test_both_directions_at_once(alice: Endpoint, bob: Endpoint) -> None:
    for number in range(50):
        send(alice, bob.address, b"%d" % number)
        send(bob, alice.address, b"%d" % number)
    turn(lambda: len(alice.heard) == len(bob.heard) == 50, alice, bob)


def test_large_messages_pass_in_pieces(alice: Endpoint, bob: Endpoint) -> None:
    payloads = [bytes([number]) * 1_000_000 for number in range(8)]
    for payload in payloads:
        send(alice, bob.address, payload)
    turn(lambda: len(bob.heard) == 8, alice, bob)
    assert bob.said == payloads


def test_c5_a_life_that_is_over_is_dead_at_once(alice: Endpoint) -> None:
    listener, address = listen("127.0.0.1", "peer", ENTROPY.hex_id())
    listener.close()
    fates: list[Fate] = []
    send(alice, address, b"1", fates)
    send(alice, address, b"2", fates)
    turn(lambda: len(fates) == 2, alice)
    assert fates == [Fate.DEAD, Fate.DEAD]


def test_m7_a_message_for_the_dead_never_reaches_the_newborn_on_its_port(alice: Endpoint, bob: Endpoint) -> None:
    fates: list[Fate] = []
    send(alice, EndpointAddress(bob.address.host, bob.address.port, "00" * 16), fates=fates)
    turn(lambda: fates, alice, bob)
    assert fates == [Fate.DEAD]
    assert bob.heard == []


@pytest.mark.parametrize("said", [b"7>\x80\x04N." + bytes(60), b"ACK" * 40, b"-5>" + bytes(60), bytes(200)])
def test_s1_an_impostor_that_listens_learns_nothing_and_runs_nothing(alice: Endpoint, impostor: Impostor, said: bytes) -> None:
    fates: list[Fate] = []
    send(alice, impostor.address, fates=fates)
    turn(impostor.accepted, alice)
    turn(impostor.read, alice)
    assert impostor.sock is not None
    impostor.sock.sendall(said)
    turn(lambda: fates, alice)
    assert fates == [Fate.DEAD]
    assert b"secret" not in impostor.got
    assert closed(impostor.sock)


def test_an_impostor_that_echoes_is_hung_up_on(alice: Endpoint, impostor: Impostor) -> None:
    fates: list[Fate] = []
    send(alice, impostor.address, fates=fates)
    turn(impostor.accepted, alice)
    turn(impostor.read, alice)
    assert impostor.sock is not None
    impostor.sock.sendall(impostor.got)
    turn(lambda: fates, alice)
    assert fates == [Fate.DEAD]


def test_a_listener_that_stays_silent_is_given_up(alice: Endpoint, clock: Clock, impostor: Impostor) -> None:
    fates: list[Fate] = []
    send(alice, impostor.address, fates=fates)
    turn(impostor.accepted, alice)
    clock.now += PATIENCE_S - 1
    alice.reactor.poll(0)
    assert fates == []
    clock.now += 2
    alice.reactor.poll(0)
    assert fates == [Fate.LOST]


def test_a_listener_that_hangs_up_again_and_again_is_given_up(alice: Endpoint, clock: Clock, impostor: Impostor) -> None:
    fates: list[Fate] = []
    send(alice, impostor.address, fates=fates)
    tries = 0
    while not fates:
        alice.reactor.poll(0.001)
        if impostor.accepted():
            assert impostor.sock is not None
            impostor.sock.close()
            tries += 1
        clock.now += 0.05
    assert fates == [Fate.LOST]
    assert 10 < tries < 200


def test_m1_a_peer_that_does_not_read_holds_up_nobody_else(alice: Endpoint, bob: Endpoint, impostor: Impostor) -> None:
    for _ in range(2000):
        send(alice, impostor.address)
    send(alice, bob.address, b"to bob")
    turn(lambda: bob.said == [b"to bob"], alice, bob)


def test_at_the_bound_the_newest_is_lost_and_told(alice: Endpoint, impostor: Impostor, caplog: pytest.LogCaptureFixture) -> None:
    fates: list[Fate] = []
    for _ in range(outbound.MAX_WAITING):
        send(alice, impostor.address)
    with caplog.at_level(logging.ERROR):
        for _ in range(5):
            send(alice, impostor.address, fates=fates)
        send(alice, impostor.address)
    assert fates == [Fate.LOST] * 5
    assert len(caplog.records) == 3


def test_a_lost_connection_is_made_again_and_nothing_is_lost_or_doubled(alice: Endpoint, clock: Clock, bob: Endpoint) -> None:
    fates: list[Fate] = []
    send(alice, bob.address, b"one", fates)
    turn(lambda: fates, alice, bob)
    (connection,) = bob.acceptor._open.values()
    send(alice, bob.address, b"two", fates)
    turn(lambda: len(bob.heard) == 2, bob)  # alice has not seen the acknowledgement
    bob.acceptor._close(connection)
    send(alice, bob.address, b"three", fates)

    def told() -> bool:
        clock.now += 0.01
        return len(fates) == 3

    turn(told, alice, bob)
    assert bob.said == [b"one", b"two", b"three"]
    assert set(fates) == {Fate.TAKEN}


def test_a_connection_lost_with_nothing_to_say_is_made_again_when_there_is(alice: Endpoint, bob: Endpoint) -> None:
    send(alice, bob.address, b"one")
    turn(lambda: bob.heard and not alice.links.pending, alice, bob)
    bob.acceptor._close(*bob.acceptor._open.values())
    turn(lambda: not alice.links._links, alice, bob)
    send(alice, bob.address, b"two")
    turn(lambda: len(bob.heard) == 2, alice, bob)


def test_an_idle_connection_is_closed_and_made_again(alice: Endpoint, clock: Clock, bob: Endpoint) -> None:
    send(alice, bob.address, b"one")
    turn(lambda: bob.heard and not alice.links.pending, alice, bob)
    clock.now += IDLE_S / 2
    send(alice, bob.address, b"two")
    turn(lambda: len(bob.heard) == 2 and not alice.links.pending, alice, bob)
    clock.now += IDLE_S / 2 + 1
    alice.reactor.poll(0)
    assert alice.links._links, "it was used meanwhile"
    clock.now += IDLE_S
    alice.reactor.poll(0)
    assert not alice.links._links
    turn(lambda: not bob.acceptor.hears(alice.address), bob)
    send(alice, bob.address, b"three")
    turn(lambda: bob.said == [b"one", b"two", b"three"], alice, bob)


def test_what_waits_for_a_process_known_to_be_dead_is_given_up(alice: Endpoint, impostor: Impostor) -> None:
    fates: list[Fate] = []
    send(alice, impostor.address, fates=fates)
    alice.links.forget(impostor.address)
    alice.links.forget(impostor.address)
    assert fates == [Fate.DEAD]


def test_whoever_is_told_a_fate_may_give_up_the_peer(alice: Endpoint, bob: Endpoint) -> None:
    fates: list[Fate] = []

    def give_up(fate: Fate) -> None:
        fates.append(fate)
        alice.links.forget(bob.address)

    alice.links.send(bob.address, Kind.ENVELOPE, b"one", give_up)
    turn(lambda: fates, alice, bob)
    assert not alice.links._links
    send(alice, bob.address, b"two")
    turn(lambda: bob.said == [b"one", b"two"], alice, bob)


def test_without_descriptors_it_tries_again(
    alice: Endpoint, clock: Clock, bob: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none_left(*_: Any) -> Any:
        raise OSError(errno.EMFILE, "too many")

    with monkeypatch.context() as patched:
        patched.setattr(links_module.socket, "socket", none_left)
        send(alice, bob.address, b"at last")
    assert "descriptor" in caplog.text
    clock.now += 1
    turn(lambda: bob.said == [b"at last"], alice, bob)


@pytest.mark.parametrize(("failure", "fate"), [(errno.EHOSTUNREACH, Fate.DEAD), (errno.EADDRNOTAVAIL, Fate.LOST)])
def test_a_connection_refused_while_it_is_made(
    alice: Endpoint, clock: Clock, monkeypatch: pytest.MonkeyPatch, failure: int, fate: Fate
) -> None:
    class Refusing(socket.socket):
        def connect_ex(self, _address: Any) -> int:
            return failure

    monkeypatch.setattr(links_module.socket, "socket", Refusing)
    fates: list[Fate] = []
    send(alice, EndpointAddress("127.0.0.1", 9, "00" * 16), fates=fates)
    clock.now += PATIENCE_S + 1

    def told() -> bool:
        clock.now += 1
        return bool(fates)

    turn(told, alice)
    assert fates == [fate]


def test_an_exception_of_ours_gives_up_that_connection_only(alice: Endpoint, bob: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    class Peculiar:
        """Not a frame's payload: makes encoding fail."""

        def __len__(self) -> int:
            return 1

    alice.links.send(bob.address, Kind.ENVELOPE, Peculiar())  # type: ignore[arg-type]
    turn(lambda: not alice.links.pending, alice, bob)
    assert "could not be handled" in caplog.text
    send(alice, bob.address, b"next")
    turn(lambda: bob.said == [b"next"], alice, bob)


def test_a_peer_that_resets_is_found_out_when_writing(alice: Endpoint, bob: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    send(alice, bob.address, b"one")
    turn(lambda: bob.heard and not alice.links.pending, alice, bob)

    class Broken:
        def __init__(self, real: socket.socket) -> None:
            self.real = real

        def send(self, _data: bytes) -> int:
            raise BrokenPipeError

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

    (link,) = alice.links._links.values()
    assert link._socket is not None
    link._socket = Broken(link._socket)  # type: ignore[assignment]
    fates: list[Fate] = []
    send(alice, bob.address, b"two", fates)
    assert isinstance(alice.clock, Clock)
    alice.clock.now += 1
    turn(lambda: fates == [Fate.TAKEN], alice, bob)
    assert bob.said == [b"one", b"two"]
