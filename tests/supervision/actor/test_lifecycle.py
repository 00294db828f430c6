from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from protocols import KILLED, NORMAL, SHUTDOWN, Ref
from supervision.actor import (
    ActorCell,
    ChildAcknowledged,
    ChildExited,
    ChildIgnored,
    ChildStarted,
    ChildStartFailed,
    Lifecycle,
)

REF = Ref(id="a", uid="u", address="here")
ACKNOWLEDGED, STARTED = ChildAcknowledged(ref=REF, os_pid=7), ChildStarted(ref=REF, os_pid=7)


def cell(*, acknowledged: bool = False, started: bool = False) -> ActorCell:
    return cast("ActorCell", SimpleNamespace(acknowledged=acknowledged, started=started))


def test_a_start_is_told_once() -> None:
    lifecycle = Lifecycle(REF, 7)
    assert lifecycle.look(cell()) == []
    assert lifecycle.look(cell(started=True)) == [STARTED]
    assert lifecycle.look(cell(started=True)) == []
    assert lifecycle.end(SHUTDOWN, ignored=False) == ChildExited(uid="u", reason=SHUTDOWN)


def test_an_acknowledgement_is_told_once_and_before_the_start() -> None:
    lifecycle = Lifecycle(REF, 7)
    assert lifecycle.look(cell(acknowledged=True)) == [ACKNOWLEDGED]
    assert lifecycle.look(cell(acknowledged=True)) == []
    assert lifecycle.look(cell(acknowledged=True, started=True)) == [STARTED]


def test_a_start_that_is_over_at_once_needs_no_acknowledgement() -> None:
    assert Lifecycle(REF, 7).look(cell(acknowledged=True, started=True)) == [STARTED]


def test_one_that_never_was_up_was_not_wanted_or_has_failed() -> None:
    assert Lifecycle(REF, 7).end(NORMAL, ignored=True) == ChildIgnored(uid="u")
    assert Lifecycle(REF, 7).end(KILLED, ignored=False) == ChildStartFailed(uid="u", reason=KILLED)


@given(st.lists(st.sampled_from(["acknowledge", "start", "nothing"]), max_size=8))
def test_whatever_the_order_nothing_is_told_twice(steps: list[str]) -> None:
    lifecycle, state, told = Lifecycle(REF, 7), {"acknowledged": False, "started": False}, list[Any]()
    for step in steps:
        state["acknowledged"] |= step == "acknowledge"
        state["started"] |= step == "start"
        told += lifecycle.look(cell(**state))
    assert told in ([], [ACKNOWLEDGED], [STARTED], [ACKNOWLEDGED, STARTED])
    assert (STARTED in told) == ("start" in steps)
    assert ("acknowledge" in steps) <= bool(told)
