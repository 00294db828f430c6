from typing import Any

import pytest

from protocols import (
    ChildCounts,
    CountChildren,
    DeleteChild,
    InvalidSpecError,
    RestartChild,
    StartChild,
    StopSupervisor,
    TerminateChild,
    WhichChildren,
)
from supervision.core import Backoff, DynamicFlags, Restart, dynamic_args, dynamic_machine, dynamic_machine_from_wire
from supervision.core import effects as do
from supervision.core import events as on
from support.machines import CRASH, NORMAL, SHUTDOWN, Bench, dynamic, spec


def add(bench: Bench, child_id: str = "a", **fields: Any) -> str:
    bench.call(StartChild(spec=spec(child_id, **fields).to_wire()), f"add {child_id}")
    bench.start_all()
    return bench.machine.running[-1].uid


def test_it_travels_as_the_arguments_of_its_own_specification() -> None:
    flags = DynamicFlags(max_children=3, backoff=Backoff(initial_ms=1, max_ms=2))
    made = dynamic_machine_from_wire(spec("d", args=dynamic_args(flags)).args, uid="d")
    assert made == dynamic_machine(flags, uid="d")
    assert made.rules.backoff == flags.backoff
    assert dynamic_machine_from_wire({}, uid="d") == dynamic_machine(DynamicFlags(), uid="d")


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (None, "supervisor_data:invalid_args:None"),
        ({"children": []}, "supervisor_data:invalid_args:children"),
        ({"flags": {"max_children": -1}}, "supervisor_data:invalid_max_children:-1"),
    ],
)
def test_what_describes_no_supervisor(args: Any, reason: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        dynamic_machine_from_wire(args, uid="d")
    assert caught.value.reason == reason


def test_it_begins_without_children() -> None:
    assert dynamic().feed(on.Boot()) == [do.Ready()]


def test_ids_mean_nothing() -> None:
    bench = dynamic().boot()
    first, second = add(bench), add(bench)
    assert first != second
    assert bench.answers("add a") == [do.Outcome("ok", first), do.Outcome("ok", second)]
    bench.call(CountChildren())
    assert bench.answers() == [ChildCounts(specs=2, active=2, supervisors=0, workers=2)]


def test_a_wrong_specification_is_refused() -> None:
    bench = dynamic().boot()
    bench.call(StartChild(spec=spec("a", shutdown=0).to_wire()))
    assert bench.answers() == [do.Outcome("error:invalid_shutdown:0")]


def test_what_it_may_not_start_is_refused() -> None:
    bench = dynamic().boot()
    bench.call(StartChild(spec={**spec("a").to_wire(), "actor": "os:system"}))
    assert bench.answers() == [do.Outcome("error:not_allowed:os:system")]


def test_room_for_so_many_and_those_that_are_restarting() -> None:
    bench = dynamic(max_children=1).boot()
    uid = add(bench)
    bench.feed(on.ChildExited(uid, CRASH), on.ChildStartFailed("d.2", "no"))
    bench.call(StartChild(spec=spec("b").to_wire()), "full")
    assert bench.answers("full") == [do.Outcome("error:max_children")]
    bench.call(TerminateChild(child_id="", uid=uid), "stop")
    assert bench.answers("stop") == [do.Outcome("ok")]
    add(bench, "b")
    assert bench.running == ["b#1"]


def test_each_is_restarted_alone() -> None:
    bench = dynamic().boot()
    uid = add(bench, "a")
    add(bench, "b")
    bench.feed(on.ChildExited(uid, CRASH))
    assert bench.start_all().running == ["a#2", "b#1"]


@pytest.mark.parametrize(("restart", "reason"), [(Restart.TRANSIENT, NORMAL), (Restart.TEMPORARY, CRASH)])
def test_who_ends_for_good_is_forgotten(restart: Restart, reason: Any) -> None:
    bench = dynamic().boot()
    bench.feed(on.ChildExited(add(bench, restart=restart), reason))
    assert bench.statuses == {}


def test_who_is_ignored_is_forgotten() -> None:
    bench = dynamic().boot()
    bench.call(StartChild(spec=spec("a").to_wire()))
    bench.feed(on.ChildIgnored(bench.starting))
    assert bench.answers() == [do.Outcome("ignore")]
    bench.feed(on.ChildExited(add(bench), CRASH), on.ChildIgnored("d.3"))
    assert bench.statuses == {}
    assert [down.final for down in bench.wanted(do.ChildDown)] == [False, True]


def test_terminate_child_removes_one_life_for_good() -> None:
    bench = dynamic(max_restarts=0).boot()
    uid = add(bench)
    add(bench, "b")
    bench.call(TerminateChild(child_id="", uid=uid))
    bench.feed(on.ChildExited(uid, SHUTDOWN))
    bench.call(TerminateChild(child_id="", uid=uid))
    assert bench.answers() == [do.Outcome("ok"), do.Outcome("error:not_found")]
    assert bench.running == ["b#1"]


def test_the_calls_of_static_supervisors_are_refused() -> None:
    bench = dynamic().boot()
    bench.call(RestartChild(child_id="a"))
    bench.call(DeleteChild(child_id="a"))
    assert bench.answers() == [do.Outcome("error:unsupported")] * 2


def test_significance_means_nothing() -> None:
    bench = dynamic().boot()
    bench.feed(on.ChildExited(add(bench, restart=Restart.TRANSIENT, significant=True), NORMAL))
    assert bench.machine.state.ended == ""


def test_which_children() -> None:
    bench = dynamic().boot()
    add(bench)
    bench.call(WhichChildren())
    (listing,) = bench.answers()
    assert isinstance(listing, do.Listing)
    assert [row.id for row in listing.rows] == ["a"]


def test_all_are_stopped_at_once() -> None:
    bench = dynamic().boot()
    add(bench, "a")
    add(bench, "b")
    bench.call(StopSupervisor())
    assert bench.stopping == {"a#1", "b#1"}
