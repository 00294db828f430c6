from protocols import Envelope, Ping, Pong, Ref
from supervision.sim.probe import RECEIVED_LIMIT, Probe, Received

SENDER = Ref(id="a", uid="a-1", address="x")


def answer(correlation_id: str, probe: int = 1) -> Envelope:
    return Envelope(
        message=Pong(probe=probe), message_id="m", to_id="outside", to_uid="outside", sender=SENDER, correlation_id=correlation_id
    )


def test_an_answer_fills_its_request_once_and_everything_else_is_received() -> None:
    probe = Probe()
    request = probe.open("q")
    assert request.answer is None
    probe.receive(answer("q", 1))
    probe.receive(answer("q", 2))
    probe.receive(Envelope(message=Ping(probe=3), message_id="m", to_id="outside", to_uid="outside"))
    probe.receive(None)
    assert request.answer == Pong(probe=1)
    assert list(probe.received) == [Received(message=Pong(probe=2), sender=SENDER), Received(message=Ping(probe=3), sender=None)]


def test_the_oldest_request_and_the_oldest_message_are_given_up_at_the_bound() -> None:
    probe = Probe()
    requests = [probe.open(str(number)) for number in range(RECEIVED_LIMIT + 1)]
    for number in range(RECEIVED_LIMIT + 1):
        probe.receive(answer(str(number)))
    assert requests[0].answer is None
    assert all(request.answer for request in requests[1:])
    assert len(probe.received) == 1
