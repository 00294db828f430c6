import errno
import logging
import os
import pickle
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from protocols import DecodeError
from supervision.thespian_seam import acceptor as acceptor_module
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.frames import Frame, FrameWriter, Kind
from supervision.thespian_seam.handshake import make_finish, make_hello, read_answer, session_keys
from supervision.thespian_seam.keys import Key
from supervision.thespian_seam.outbound import OutboundChannel
from support.seam_endpoints import ENTROPY, Endpoint, closed, connect, turn
from support.seam_endpoints import KEY as SECRET

KEY = Key(SECRET)
ALICE = EndpointAddress("127.0.0.1", 1001, "aa" * 16)
HALF_SECOND = {"handshake_timeout_s": 0.1}


@pytest.fixture
def bob() -> Iterator[Endpoint]:
    with Endpoint(**HALF_SECOND) as bob:
        yield bob


class RunsCode:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.path),))


def authenticated(bob: Endpoint, sender: EndpointAddress = ALICE) -> tuple[socket.socket, OutboundChannel]:
    """A connection of a holder of the key."""
    sock, channel = connect(bob.address), OutboundChannel(KEY, sender, bob.address, os.urandom(16))
    sock.sendall(channel.greeting)

    def answered() -> bool:
        try:
            sock.sendall(channel.receive(sock.recv(4096))[0])
        except BlockingIOError:
            return False
        return channel.open

    turn(answered, bob)
    turn(lambda: bob.acceptor.hears(sender) and sender in bob.acceptor._open, bob)
    return sock, channel


def test_s2_the_socket_listens_on_loopback_only() -> None:
    listener, address = listen("127.0.0.1", "peer", ENTROPY.hex_id())
    assert listener.getsockname() == ("127.0.0.1", address.port)
    listener.close()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(OSError, match="assign"):
        listen("192.0.2.1", "peer", "1")


def thespian_frame(message: object) -> bytes:
    data = pickle.dumps(message)
    return b"%d>" % len(data) + data


ATTACKS: dict[str, Callable[[Path], bytes]] = {
    "s1_a_pickle_that_runs_code": lambda path: thespian_frame(RunsCode(path)),
    "s3_a_negative_size": lambda _: b"-5>" + b"x" * 200,
    "junk": lambda _: bytes(range(256)) * 4,
    "an_oversized_frame": lambda _: b"99999999999999>" + bytes(100_000),
    "s4_a_forged_shutdown": lambda _: thespian_frame(("sender", "SystemShutdown")) + bytes(200),
    "a_hello_with_another_key": lambda _: make_hello(Key(bytes(32)), b"c" * 16, ALICE, ALICE).data,
}


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_a_stranger_is_hung_up_on_and_nothing_runs(bob: Endpoint, attack: str, tmp_path: Path) -> None:
    stranger = connect(bob.address)
    stranger.sendall(ATTACKS[attack](tmp_path / "ran"))
    turn(lambda: closed(stranger), bob)
    assert bob.heard == []
    assert not (tmp_path / "ran").exists()
    authenticated(bob)[0].close()  # others are served as before
    stranger.close()


@pytest.mark.parametrize("half", [b"", b"LKX", make_hello(KEY, b"c" * 16, ALICE, ALICE).data[:-1]])
def test_a_half_frame_is_held_open_for_a_limited_time_only(bob: Endpoint, half: bytes) -> None:
    stranger = connect(bob.address)
    stranger.sendall(half)
    turn(lambda: closed(stranger), bob)
    assert bob.acceptor.refused == 1
    stranger.close()


def test_a_replayed_connection_is_refused_and_disturbs_nobody(bob: Endpoint) -> None:
    sock, channel = connect(bob.address), OutboundChannel(KEY, ALICE, bob.address, b"c" * 16)
    recorded = [channel.greeting]
    sock.sendall(recorded[0])
    answer: list[bytes] = []

    def answered() -> bool:
        try:
            answer.append(sock.recv(4096))
        except BlockingIOError:
            return False
        return True

    turn(answered, bob)
    recorded += [channel.receive(answer[0])[0], channel.encode(Frame(Kind.ENVELOPE, 1, b"genuine"))]
    sock.sendall(recorded[1] + recorded[2])
    turn(lambda: bob.said == [b"genuine"], bob)

    for replay in (b"".join(recorded), recorded[0] + recorded[2]):
        stranger = connect(bob.address)
        stranger.sendall(replay)
        turn(lambda stranger=stranger: closed(stranger), bob)  # type: ignore[misc]
        stranger.close()
    sock.sendall(channel.encode(Frame(Kind.ENVELOPE, 2, b"goes on")))
    turn(lambda: bob.said == [b"genuine", b"goes on"], bob)
    sock.close()


def test_connections_without_authentication_are_bounded_and_the_genuine_gets_through() -> None:
    with Endpoint(max_unauthenticated=4) as bob:
        strangers = [connect(bob.address) for _ in range(40)]
        turn(lambda: len(bob.acceptor._unauthenticated) == 4 and bob.acceptor.refused == 36, bob)
        sock, channel = authenticated(bob)
        sock.sendall(channel.encode(Frame(Kind.ENVELOPE, 1, b"through")))
        turn(lambda: bob.said == [b"through"], bob)
        for each in [*strangers, sock]:
            each.close()


def test_a_silent_stranger_is_closed_before_one_that_said_a_genuine_hello() -> None:
    with Endpoint(max_unauthenticated=2) as bob:
        channel = OutboundChannel(KEY, ALICE, bob.address, b"c" * 16)
        genuine = connect(bob.address)
        genuine.sendall(channel.greeting)
        turn(lambda: bob.acceptor.hears(ALICE), bob)
        strangers = [connect(bob.address) for _ in range(5)]
        turn(lambda: bob.acceptor.refused == 4, bob)
        assert bob.acceptor.hears(ALICE)
        for each in [genuine, *strangers]:
            each.close()
        turn(lambda: not bob.acceptor._unauthenticated, bob)


def test_the_log_of_an_attack_is_bounded(bob: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(40):
        stranger = connect(bob.address)
        stranger.sendall(b"x" * 100)
        turn(lambda stranger=stranger: closed(stranger), bob)  # type: ignore[misc]
        stranger.close()
    assert bob.acceptor.refused == 40
    assert len(caplog.records) == 6


def test_frames_are_delivered_in_order_and_acknowledged(bob: Endpoint) -> None:
    sock, channel = authenticated(bob)
    sock.sendall(b"".join(channel.encode(Frame(Kind.ENVELOPE, at, b"%d" % at)) for at in range(1, 50)))
    turn(lambda: len(bob.heard) == 49, bob)
    assert bob.said == [b"%d" % at for at in range(1, 50)]
    assert {sender for sender, _ in bob.heard} == {ALICE}
    acknowledged = 0

    def all_acknowledged() -> bool:
        nonlocal acknowledged
        try:
            acknowledged = channel.receive(sock.recv(4096))[1] or acknowledged
        except BlockingIOError:
            return False
        return acknowledged == 49

    turn(all_acknowledged, bob)
    sock.close()
    turn(lambda: not bob.acceptor.hears(ALICE), bob)


def test_m5_what_is_sent_again_on_a_new_connection_is_delivered_once(bob: Endpoint) -> None:
    first, channel = authenticated(bob)
    first.sendall(channel.encode(Frame(Kind.ENVELOPE, 1, b"one")) + channel.encode(Frame(Kind.ENVELOPE, 2, b"two")))
    turn(lambda: len(bob.heard) == 2, bob)
    second, channel = authenticated(bob)
    second.sendall(b"".join(channel.encode(Frame(Kind.ENVELOPE, at, text)) for at, text in ((1, b"one"), (2, b"two"), (3, b"three"))))
    turn(lambda: len(bob.heard) == 3, bob)
    assert bob.said == [b"one", b"two", b"three"]
    turn(lambda: closed(first), bob)
    assert bob.acceptor.hears(ALICE), "the newer connection of a sender replaces the older"
    first.close()
    second.close()


def test_only_so_many_senders_are_remembered(bob: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor_module, "MAX_KNOWN_SENDERS", 2)
    for number in range(4):
        sock, channel = authenticated(bob, EndpointAddress("127.0.0.1", number, "aa" * 16))
        sock.sendall(channel.encode(Frame(Kind.ENVELOPE, 1, b"")))
        turn(lambda number=number: len(bob.heard) == number + 1, bob)  # type: ignore[misc]
        sock.close()
    assert len(bob.acceptor._taken) == 2


def test_a_connector_that_asks_for_an_earlier_life_learns_that_it_is_gone(bob: Endpoint) -> None:
    hello = make_hello(KEY, b"c" * 16, ALICE, EndpointAddress(bob.address.host, bob.address.port, "00" * 16))
    late = connect(bob.address)
    late.sendall(hello.data)
    answer: list[bytes | None] = []

    def answered() -> bool:
        try:
            answer.append(read_answer(KEY, hello, late.recv(4096)))
        except BlockingIOError:
            return False
        return True

    turn(answered, bob)
    assert answer == [None]
    late.close()


@pytest.mark.parametrize("failure", [DecodeError("a frame of no message"), ZeroDivisionError()])
def test_an_exception_while_bytes_are_handled_closes_that_connection_only(failure: Exception) -> None:
    with Endpoint() as bob:
        sock, channel = authenticated(bob)
        other, other_channel = authenticated(bob, EndpointAddress("127.0.0.1", 7, "aa" * 16))

        def deliver(_sender: EndpointAddress, _frame: Frame) -> None:
            raise failure

        genuine, bob.acceptor._deliver = bob.acceptor._deliver, deliver
        sock.sendall(channel.encode(Frame(Kind.ENVELOPE, 1, b"")))
        turn(lambda: closed(sock), bob)
        bob.acceptor._deliver = genuine
        other.sendall(other_channel.encode(Frame(Kind.ENVELOPE, 2, b"still here")))
        turn(lambda: bob.said == [b"still here"], bob)
        sock.close()
        other.close()


def test_who_breaks_a_frame_after_authentication_is_hung_up_on(bob: Endpoint) -> None:
    sock, _ = authenticated(bob)
    forged = FrameWriter(bytes(32)).encode(Frame(Kind.ENVELOPE, 1, b"forged"))
    sock.sendall(forged)
    turn(lambda: closed(sock), bob)
    assert bob.heard == []
    sock.close()


def test_who_does_not_read_its_acknowledgements_is_not_read_from(bob: Endpoint) -> None:
    class Full:
        """A socket that takes nothing until told otherwise."""

        def __init__(self, real: socket.socket) -> None:
            self.real, self.full = real, True

        def send(self, data: bytes) -> int:
            if self.full:
                raise BlockingIOError
            return self.real.send(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

    sock, channel = authenticated(bob)
    connection = bob.acceptor._open[ALICE]
    full = connection.sock = Full(connection.sock)  # type: ignore[assignment]
    sock.sendall(channel.encode(Frame(Kind.ENVELOPE, 1, b"one")))
    turn(lambda: bob.said == [b"one"], bob)
    sock.sendall(channel.encode(Frame(Kind.ENVELOPE, 2, b"two")))
    for _ in range(20):
        bob.reactor.poll(0.001)
    assert bob.said == [b"one"]
    full.full = False
    turn(lambda: bob.said == [b"one", b"two"], bob)
    sock.close()


def test_a_connection_gone_before_it_was_accepted_is_passed_over(bob: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([OSError(errno.ECONNABORTED, "aborted")])

    class Listener:
        def accept(self) -> Any:
            for failure in failures:
                raise failure
            return listener.accept()

    listener = bob.acceptor._listener
    monkeypatch.setattr(bob.acceptor, "_listener", Listener())
    stranger = connect(bob.address)
    turn(lambda: bob.acceptor._unauthenticated, bob)
    monkeypatch.undo()
    stranger.close()


def test_without_descriptors_it_waits_instead_of_spinning(
    bob: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Listener:
        def __init__(self) -> None:
            self.tries = 0

        def accept(self) -> Any:
            self.tries += 1
            if self.tries > 1:
                return real.accept()
            raise OSError(errno.EMFILE, "too many")

        def fileno(self) -> int:
            return real.fileno()

    real, listener = bob.acceptor._listener, Listener()
    monkeypatch.setattr(bob.acceptor, "_listener", listener)
    stranger = connect(bob.address)
    with caplog.at_level(logging.ERROR):
        turn(lambda: listener.tries == 1, bob)
        bob.reactor.poll(0)
    assert "descriptor" in caplog.text
    assert listener.tries == 1
    turn(lambda: bob.acceptor._unauthenticated, bob)
    monkeypatch.undo()
    stranger.close()


def test_a_burst_of_connections_is_accepted_in_several_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor_module, "_ACCEPTS_PER_TURN", 2)
    with Endpoint() as bob:
        strangers = [connect(bob.address) for _ in range(5)]
        bob.reactor.poll(10)
        assert len(bob.acceptor._unauthenticated) == 2
        turn(lambda: len(bob.acceptor._unauthenticated) == 5, bob)
        for stranger in strangers:
            stranger.close()


def test_finish_is_what_proves_the_connector(bob: Endpoint) -> None:
    hello = make_hello(KEY, b"c" * 16, ALICE, bob.address)
    stranger = connect(bob.address)
    stranger.sendall(hello.data)
    turn(lambda: bob.acceptor.hears(ALICE), bob)
    stranger.sendall(make_finish(session_keys(KEY, hello, b"guessed!" * 2)))
    turn(lambda: closed(stranger), bob)
    assert not bob.acceptor.hears(ALICE)
    stranger.close()
