from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from supervision.thespian_seam import endpoint as endpoint_module
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.endpoint import Endpoint
from supervision.thespian_seam.frames import Kind
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.reactor import Reactor
from support.seam_endpoints import CLOCK, ENTROPY, KEY

Heard = tuple[bytes, float, EndpointAddress]


class Bench:
    """Endpoints of one process: one reactor, one mailbox, whose turns the test runs."""

    def __init__(self) -> None:
        self.reactor = Reactor(CLOCK, 8)
        self.mailbox: deque[Callable[[], object]] = deque()
        self.made: list[Endpoint] = []

    def endpoint(self, name: str, **more: Any) -> Endpoint:
        listener, address = listen("127.0.0.1", name, ENTROPY.hex_id())
        options = SystemOptions(key=KEY)
        self.made.append(Endpoint(listener, address, options, CLOCK, ENTROPY, reactor=self.reactor, enqueue=self.mailbox.append, **more))
        return self.made[-1]

    def until(self, condition: Callable[[], object]) -> None:
        deadline = CLOCK.monotonic() + 10
        while not condition():
            assert CLOCK.monotonic() < deadline
            self.reactor.poll(0.001)
            while self.mailbox:
                self.mailbox.popleft()()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    for each in bench.made:
        each.close()
    bench.reactor.close()


def test_envelopes_come_as_turns_with_the_time_of_their_arrival(bench: Bench) -> None:
    alice, bob = bench.endpoint("alice"), bench.endpoint("bob")
    heard: list[Heard] = []
    bob.on_envelope = lambda *what: heard.append(what)
    before = CLOCK.monotonic()
    alice.send_envelope(bob.address, b"hello")
    bench.until(lambda: heard)
    assert (heard[0][0], heard[0][2]) == (b"hello", alice.address)
    assert before <= heard[0][1] <= CLOCK.monotonic()


def test_an_envelope_to_oneself_comes_too_and_later(bench: Bench) -> None:
    alice = bench.endpoint("alice")
    heard: list[bytes] = []
    alice.on_envelope = lambda data, _now, _origin: heard.append(data)
    alice.send_envelope(alice.address, b"to me")
    assert heard == []
    bench.until(lambda: heard == [b"to me"])


def test_an_envelope_before_anybody_is_hosted_is_dropped(bench: Bench) -> None:
    alice = bench.endpoint("alice")
    alice.send_envelope(alice.address, b"early")
    bench.until(lambda: not bench.mailbox)


def test_thespians_own_messages_go_where_they_are_wanted_and_nowhere_else(bench: Bench) -> None:
    told: list[bytes] = []
    alice, light, host = bench.endpoint("a"), bench.endpoint("b"), bench.endpoint("c", on_thespian=lambda _from, data: told.append(data))
    for to in (light, host):
        alice.links.send(to.address, Kind.THESPIAN, b"thespian")
    bench.until(lambda: told == [b"thespian"] and not alice.links.pending)
    assert not bench.mailbox


def test_what_was_sent_is_drained_and_a_stuck_recipient_is_not_waited_for_longer(bench: Bench) -> None:
    alice, bob = bench.endpoint("alice"), bench.endpoint("bob")
    drained: list[str] = []
    alice.drain(10, lambda: drained.append("nothing waits"))
    assert drained == ["nothing waits"]
    alice.send_envelope(bob.address, b"x")
    alice.drain(0, lambda: drained.append("no time"))
    assert drained == ["nothing waits", "no time"]
    alice.drain(10, lambda: drained.append("taken"))
    assert drained == ["nothing waits", "no time"]
    bench.until(lambda: drained[2:] == ["taken"])
    assert not alice.links.pending


def test_a_sender_is_heard_out_until_its_connection_is_closed(bench: Bench) -> None:
    alice, bob = bench.endpoint("alice"), bench.endpoint("bob")
    heard: list[bytes] = []
    bob.on_envelope = lambda data, _now, _origin: heard.append(data)
    alice.send_envelope(bob.address, b"last")
    bench.until(lambda: heard)
    bob.hear_out(alice.address, lambda: heard.append(b"over"))
    assert heard == [b"last"]
    alice.links.close()
    bench.until(lambda: heard == [b"last", b"over"])


def test_it_is_heard_out_for_so_long_only(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "EXIT_MESSAGES_S", 0.01)
    alice, bob = bench.endpoint("alice"), bench.endpoint("bob")
    alice.send_envelope(bob.address, b"x")
    bench.until(lambda: bob.acceptor.hears(alice.address))
    over: list[bool] = []
    bob.hear_out(alice.address, lambda: over.append(bob.acceptor.hears(alice.address)))
    bench.until(lambda: over == [True])


def test_closed_it_refuses_and_says_nothing(bench: Bench) -> None:
    alice, bob = bench.endpoint("alice"), bench.endpoint("bob")
    bob.close()
    bench.made.remove(bob)
    alice.send_envelope(bob.address, b"too late")
    bench.until(lambda: not alice.links.pending)
