"""Whom a session talks to is told at once, asked only while it is there, and watched in each new registry."""

from actors.agent_session.neighbours import Neighbours
from protocols import Message, NameChanged, Permit, ReportOutcome, RequestPermit, WatchNames
from support.fake_context import FakeContext, ref

NEAR = "circuit_breakers"
OUTCOME = ReportOutcome(service="llm", ok=True)
ALLOWED = Permit(service="llm", allowed=True)


def test_it_watches_in_the_registry_that_is_there() -> None:
    context = FakeContext()
    neighbours = Neighbours(context, (NEAR, "job_context/c1"))
    neighbours.watch()
    assert context.sent == []
    context.registry = ref("registry")
    neighbours.watch()
    assert context.sent == [(ref("registry"), WatchNames(prefix=NEAR)), (ref("registry"), WatchNames(prefix="job_context/c1"))]


def test_one_who_is_there_is_told_by_address_and_others_by_name() -> None:
    context = FakeContext()
    neighbours = Neighbours(context, (NEAR,))
    neighbours.tell(NEAR, OUTCOME)
    neighbours.changed(NameChanged(name=NEAR, ref=ref(NEAR)))
    neighbours.tell(NEAR, OUTCOME)
    assert context.sent == [(NEAR, OUTCOME), (ref(NEAR), OUTCOME)]


def test_one_who_is_not_there_is_not_waited_for() -> None:
    context, answers = FakeContext(), list[Message | None]()
    neighbours = Neighbours(context, (NEAR,))
    neighbours.ask(NEAR, RequestPermit(service="llm"), timeout_s=1.0, then=answers.append)
    neighbours.changed(NameChanged(name=NEAR, ref=ref(NEAR)))
    neighbours.ask(NEAR, RequestPermit(service="llm"), timeout_s=1.0, then=answers.append)
    [ask] = context.take_asks()
    ask.then(ALLOWED)
    neighbours.changed(NameChanged(name=NEAR, ref=None, reason="killed"))
    neighbours.ask(NEAR, RequestPermit(service="llm"), timeout_s=1.0, then=answers.append)
    assert answers == [None, ALLOWED, None]
