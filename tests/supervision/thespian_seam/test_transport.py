import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from thespian.actors import ActorAddress
from thespian.system.addressManager import ActorAddressManager, CannotPickleAddress
from thespian.system.messages.admin import PendingActor, QueryExists
from thespian.system.transport import (
    ReceiveEnvelope,
    SendStatus,
    Thespian__Run_Terminated,
    TransmitIntent,
    TransmitOnly,
)

from protocols import SystemClock
from supervision.thespian_seam import transport as transport_module
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.transport import AuthenticatedTransport, Turn
from support.seam_endpoints import ENTROPY, KEY

SOON = timedelta(milliseconds=1)
NOWHERE = EndpointAddress("127.0.0.1", 9, "00" * 16)


@pytest.fixture
def make() -> Iterator[Callable[[], AuthenticatedTransport]]:
    made: list[AuthenticatedTransport] = []

    def transport() -> AuthenticatedTransport:
        listener, address = listen("127.0.0.1", "peer", ENTROPY.hex_id())
        made.append(AuthenticatedTransport(listener, address, SystemOptions(key=KEY), SystemClock(), ENTROPY))
        return made[-1]

    yield transport
    for each in made:
        each.close()


@pytest.fixture
def alice(make: Callable[[], AuthenticatedTransport]) -> AuthenticatedTransport:
    return make()


@pytest.fixture
def bob(make: Callable[[], AuthenticatedTransport]) -> AuthenticatedTransport:
    return make()


def run(transport: AuthenticatedTransport, got: list[Any], limit: timedelta = SOON) -> Any:
    def handle(envelope: ReceiveEnvelope) -> bool:
        if isinstance(envelope.message, Turn):
            envelope.message.run()
        else:
            got.append(envelope.message)
        return True

    return transport.run(handle, limit)


def until(condition: Callable[[], object], *transports: AuthenticatedTransport) -> None:
    deadline = SystemClock().monotonic() + 10
    while not condition():
        assert SystemClock().monotonic() < deadline
        for transport in transports:
            run(transport, [])


def test_thespians_own_messages_pass_through_the_allowlist(alice: AuthenticatedTransport, bob: AuthenticatedTransport) -> None:
    done: list[Any] = []
    got: list[Any] = []
    intent = TransmitIntent(bob.myAddress, QueryExists(), onSuccess=lambda status, _: done.append(status))
    alice.scheduleTransmit(None, intent)
    until(lambda: done or run(bob, got), alice)
    assert done == [SendStatus.Sent]
    assert [type(message) for message in got] == [QueryExists]


def test_thespians_own_messages_to_oneself(alice: AuthenticatedTransport) -> None:
    got: list[Any] = []
    alice.scheduleTransmit(None, TransmitIntent(alice.myAddress, QueryExists()))
    run(alice, got)
    assert [type(message) for message in got] == [QueryExists]


def test_s5_a_message_of_a_holder_of_the_key_that_is_not_allowed_is_refused(
    alice: AuthenticatedTransport, bob: AuthenticatedTransport, caplog: pytest.LogCaptureFixture
) -> None:
    alice.scheduleTransmit(None, TransmitIntent(bob.myAddress, logging.getLogger))
    until(lambda: bob.endpoint.acceptor.refused, alice, bob)
    assert "getLogger" in caplog.text


@pytest.mark.parametrize("details", [NOWHERE, "/ActorSys"])
def test_m3_what_cannot_be_sent_fails_and_says_so(alice: AuthenticatedTransport, details: object) -> None:
    done: list[Any] = []
    alice.scheduleTransmit(None, TransmitIntent(ActorAddress(details), QueryExists(), onError=lambda status, _: done.append(status)))
    until(lambda: done, alice)
    assert done == [SendStatus.DeadTarget if details == NOWHERE else SendStatus.Failed]


def test_a_message_beyond_the_limit_fails(alice: AuthenticatedTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "MAX_PAYLOAD_BYTES", 10)
    done: list[Any] = []
    alice.scheduleTransmit(None, TransmitIntent(ActorAddress(NOWHERE), QueryExists(), onError=lambda status, _: done.append(status)))
    assert done == [SendStatus.Failed]


def test_an_address_without_a_place_is_reported_as_thespian_expects(alice: AuthenticatedTransport) -> None:
    local = ActorAddressManager(alice.myAddress, alice.myAddress).createLocalAddress()
    with pytest.raises(CannotPickleAddress):
        alice.scheduleTransmit(None, TransmitIntent(ActorAddress(NOWHERE), PendingActor("m.C", local, 1, None, None)))


def test_run_ends_with_its_time_with_the_handlers_answer_or_when_told(alice: AuthenticatedTransport) -> None:
    assert alice.run(lambda _: True, timedelta(0)) is None
    alice.enqueue(lambda: None)
    assert not alice.run(lambda _: False, timedelta(seconds=10))
    alice.reactor.call_later(0, alice.abort_run)
    assert isinstance(alice.run(lambda _: True), Thespian__Run_Terminated)
    assert isinstance(alice.run(lambda _: True), Thespian__Run_Terminated)


def test_thespians_timers_go_on_working(alice: AuthenticatedTransport) -> None:
    got: list[Any] = []
    run(alice, got)  # Thespian sets no timer before its first run
    alice.addWakeup(SOON, "payload")
    until(lambda: got or run(alice, got, timedelta(milliseconds=20)))
    assert got[0].payload == "payload"


def test_transmit_only_waits_for_what_is_on_its_way(alice: AuthenticatedTransport, bob: AuthenticatedTransport) -> None:
    assert alice.run(TransmitOnly, timedelta(seconds=10)) == 0
    alice.endpoint.send_envelope(bob.endpoint.address, b"x")
    alice.run(TransmitOnly, SOON)
    until(lambda: not alice.endpoint.links.pending, alice, bob)
    assert alice.run(TransmitOnly, timedelta(seconds=10)) == 0


def test_abort_may_wait_for_what_is_on_its_way(alice: AuthenticatedTransport, bob: AuthenticatedTransport) -> None:
    alice.endpoint.send_envelope(bob.endpoint.address, b"x")
    alice.abort_run(drain=True)
    run(alice, [])
    assert alice.endpoint.links.pending
    until(lambda: not alice.endpoint.links.pending, alice, bob)
    assert isinstance(run(alice, [], timedelta(seconds=10)), Thespian__Run_Terminated)


def test_flush_waits_for_what_is_on_its_way_and_no_longer_than_allowed(alice: AuthenticatedTransport, bob: AuthenticatedTransport) -> None:
    alice.endpoint.send_envelope(bob.endpoint.address, b"x")
    alice.flush(0.01)
    assert alice.endpoint.links.pending
    until(lambda: not alice.endpoint.links.pending, alice, bob)
    alice.flush(10)


def test_what_thespian_calls_besides(alice: AuthenticatedTransport) -> None:
    failed: list[Any] = []
    listener, address = listen("127.0.0.1", "peer", ENTROPY.hex_id())
    alice.scheduleTransmit(None, TransmitIntent(ActorAddress(address), QueryExists(), onError=lambda status, _: failed.append(status)))
    alice.deadAddress(None, ActorAddress(address))
    alice.set_watch([])
    assert failed == [SendStatus.DeadTarget]
    listener.close()
