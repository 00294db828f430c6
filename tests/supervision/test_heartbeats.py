from protocols import Ping, Pong
from supervision.core.heartbeat import TICKS
from supervision.heartbeats import Heartbeats
from support.fake_context import FakeContext, ref

CHILD = ref("session")


def watched(context: FakeContext) -> tuple[Heartbeats, list[str]]:
    hung: list[str] = []
    heartbeats = Heartbeats(context, hung.append)  # type: ignore[arg-type]
    heartbeats.watch(CHILD, 1_000)
    return heartbeats, hung


def answer_all(context: FakeContext) -> None:
    for ask in context.take_asks():
        ask.then(Pong(probe=1))


def test_a_child_that_answers_is_left_alone() -> None:
    context = FakeContext()
    _, hung = watched(context)
    for _ in range(30):
        context.advance(0.1)
        answer_all(context)
    assert hung == []


def test_a_child_that_is_silent_is_told_until_somebody_ends_it() -> None:
    context = FakeContext()
    heartbeats, hung = watched(context)
    while not hung:
        context.advance(0.1)
        assert context.clock.now <= 1001.1
    context.advance(1 / TICKS)
    assert hung == [CHILD.uid, CHILD.uid]
    heartbeats.forget(CHILD.uid)
    context.advance(5)
    assert len(hung) == 2


def test_a_lost_probe_is_no_hang() -> None:
    context = FakeContext()
    _, hung = watched(context)
    while len(context.asks) < 2:
        context.advance(0.1)
    first, second = context.take_asks()
    assert (first.to, first.message, first.timeout_s) == (CHILD, Ping(probe=1), 1.0)
    assert second.message == Ping(probe=2)
    first.then(None)
    second.then(Pong(probe=2))
    context.advance(0.7)
    assert hung == []


def test_an_answer_after_the_end_does_nothing() -> None:
    context = FakeContext()
    heartbeats, hung = watched(context)
    context.advance(0.4)
    assert context.asks != []
    heartbeats.forget(CHILD.uid)
    heartbeats.forget(CHILD.uid)
    answer_all(context)
    context.advance(5)
    assert context.asks == []
    assert hung == []


def test_a_supervisor_that_was_late_judges_nobody() -> None:
    context = FakeContext()
    _, hung = watched(context)
    context.clock.now += 60
    context.advance(0.1)
    assert hung == []


def test_a_child_that_cannot_answer_yet_is_left_alone_while_its_process_runs() -> None:
    context = FakeContext()
    _, hung = watched(context)
    for _ in range(30):
        context.progress += 1
        context.advance(0.1)
    assert hung == []
    context.advance(1.2)  # it is stopped, or waits for something
    assert hung != []


def test_once_it_is_up_only_answers_count() -> None:
    context = FakeContext()
    heartbeats, hung = watched(context)
    heartbeats.started(CHILD.uid)
    heartbeats.started(CHILD.uid)
    heartbeats.started("somebody else")
    for _ in range(12):
        context.progress += 1
        context.advance(0.1)
    assert hung != []
