from collections.abc import Mapping

from actors.worker_manager.reconciler import RECONCILE_EVERY_S, RETRY_S, Reconciler
from actors.worker_manager.reconciliation import Observation
from protocols import ChildInfo, Children, CountChildren, WhichChildren
from support.fake_context import FakeContext, ref


class Owner:
    """Notes what the reconciler tells."""

    def __init__(self) -> None:
        self.context = FakeContext()
        self.begun = 0
        self.told: list[Mapping[str, Observation] | None] = []
        self.reconciler = Reconciler(self.context, self.begins, self.done)

    def begins(self) -> None:
        self.begun += 1

    def done(self, observations: Mapping[str, Observation] | None) -> None:
        self.told.append(observations)


def children(*ids: str) -> Children:
    return Children(children=tuple(ChildInfo(id=one, state="running", type="supervisor", title="", ref=ref(one)) for one in ids))


def test_it_asks_jobs_then_each_partition_and_tells_when_all_have_answered() -> None:
    owner = Owner()
    owner.reconciler.reconcile()
    [ask] = owner.context.take_asks()
    assert (ask.to, ask.message) == ("jobs", WhichChildren())
    ask.then(children("partition/0", "partition/1"))
    first, second = owner.context.take_asks()
    assert (first.to, first.message) == (ref("partition/0"), WhichChildren())
    second.then(None)
    assert owner.told == []
    first.then(children("job/a"))
    assert owner.told == [
        {
            "partition/0": Observation(ref=ref("partition/0"), jobs={"a": "job/a-1"}),
            "partition/1": Observation(ref=ref("partition/1"), jobs=None),
        }
    ]


def test_silence_and_nonsense_of_jobs_are_no_finding() -> None:
    owner = Owner()
    for answer in (None, CountChildren()):
        owner.reconciler.reconcile()
        owner.context.take_asks()[0].then(answer)
    assert (owner.begun, owner.told) == (2, [None, None])


def test_jobs_without_a_partition_is_a_finding() -> None:
    owner = Owner()
    owner.reconciler.reconcile()
    owner.context.take_asks()[0].then(children())
    assert owner.told == [{}]


def test_news_during_a_reconciliation_are_followed_by_one_more() -> None:
    owner = Owner()
    for _ in range(3):
        owner.reconciler.reconcile()
    owner.context.take_asks()[0].then(None)
    assert owner.begun == 2
    owner.context.take_asks()[0].then(None)
    assert (owner.begun, owner.context.take_asks()) == (2, [])


def test_who_may_be_gone_is_waited_for_no_longer() -> None:
    owner = Owner()
    owner.reconciler.reconcile()
    owner.context.take_asks()[0].then(children("partition/0"))
    [dead] = owner.context.take_asks()
    owner.reconciler.reconcile(anew=True)
    [ask] = owner.context.take_asks()
    owner.reconciler.reconcile(anew=True)
    ask.then(children("partition/0"))
    dead.then(None)
    assert owner.told == []
    owner.context.take_asks()[0].then(children())
    assert (owner.begun, owner.told, owner.context.take_asks()) == (3, [{}], [])


def test_it_tries_again_soon_until_everybody_has_answered_then_now_and_then() -> None:
    owner = Owner()
    owner.reconciler.reconcile()
    owner.context.take_asks()[0].then(None)
    owner.context.advance(RETRY_S)
    owner.context.take_asks()[0].then(children("partition/0"))
    owner.context.take_asks()[0].then(None)
    owner.context.advance(RETRY_S)
    owner.context.take_asks()[0].then(children("partition/0"))
    owner.context.take_asks()[0].then(children())
    owner.context.advance(RECONCILE_EVERY_S - 0.001)
    assert owner.begun == 3
    owner.context.advance(0.001)
    assert owner.begun == 4


def test_a_reconciliation_for_a_reason_replaces_the_one_that_was_due() -> None:
    owner = Owner()
    owner.reconciler.reconcile()
    owner.context.take_asks()[0].then(children())
    owner.context.advance(RECONCILE_EVERY_S / 2)
    owner.reconciler.reconcile()
    owner.context.take_asks()[0].then(children())
    owner.context.advance(RECONCILE_EVERY_S - 0.001)
    assert owner.begun == 2
