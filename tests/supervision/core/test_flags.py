from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols import InvalidSpecError
from supervision.core import AutoShutdown, Backoff, DynamicFlags, Restart, Strategy, SupervisorFlags
from support.machines import spec

backoffs = st.one_of(
    st.none(),
    st.builds(Backoff, initial_ms=st.integers(1, 100), max_ms=st.integers(100, 1000), jitter_percent=st.integers(0, 100)),
)
limits = {"max_restarts": st.integers(0, 10), "max_seconds": st.integers(1, 10), "backoff": backoffs}
flags = st.builds(SupervisorFlags, strategy=st.sampled_from(Strategy), auto_shutdown=st.sampled_from(AutoShutdown), **limits)
dynamic_flags = st.builds(DynamicFlags, max_children=st.one_of(st.none(), st.integers(0, 10)), **limits)


@given(flags)
@example(SupervisorFlags())
def test_flags_travel_as_msgpack(given_flags: SupervisorFlags) -> None:
    assert SupervisorFlags.from_wire(msgpack.unpackb(msgpack.packb(given_flags.to_wire()))) == given_flags


@given(dynamic_flags)
@example(DynamicFlags())
def test_dynamic_flags_travel_as_msgpack(given_flags: DynamicFlags) -> None:
    assert DynamicFlags.from_wire(msgpack.unpackb(msgpack.packb(given_flags.to_wire()))) == given_flags


def test_the_defaults_are_elixirs() -> None:
    assert SupervisorFlags.from_wire({}) == SupervisorFlags(
        strategy=Strategy.ONE_FOR_ONE, max_restarts=3, max_seconds=5, auto_shutdown=AutoShutdown.NEVER, backoff=None
    )
    assert DynamicFlags.from_wire({}) == DynamicFlags(max_restarts=3, max_seconds=5, max_children=None, backoff=None)


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ([], "invalid_flags:[]"),
        ({"colour": 1}, "invalid_flags:colour"),
        ({"max_restarts": -1}, "invalid_intensity:-1"),
        ({"max_seconds": 0}, "invalid_period:0"),
        ({"backoff": 5}, "invalid_backoff:5"),
        ({"backoff": {"initial_ms": 5}}, "missing_backoff_max_ms"),
        ({"backoff": {"max_ms": 5}}, "missing_backoff_initial_ms"),
        ({"backoff": {"initial_ms": 0, "max_ms": 5}}, "invalid_backoff_initial_ms:0"),
        ({"backoff": {"initial_ms": 5, "max_ms": 4}}, "invalid_backoff_max_ms:4"),
        ({"backoff": {"initial_ms": 5, "max_ms": 5, "jitter_percent": -1}}, "invalid_backoff_jitter_percent:-1"),
        ({"backoff": {"initial_ms": 5, "max_ms": 5, "jitter_percent": 101}}, "invalid_backoff_jitter_percent:101"),
    ],
)
def test_wrong_flags_are_refused(wire: Any, reason: str) -> None:
    for kind in (SupervisorFlags, DynamicFlags):
        with pytest.raises(InvalidSpecError) as caught:
            kind.from_wire(wire)
        assert caught.value.reason == reason


def test_flags_of_one_kind_only() -> None:
    for wire, reason in [
        ({"strategy": "simple_one_for_one"}, "invalid_strategy:simple_one_for_one"),
        ({"auto_shutdown": 1}, "invalid_auto_shutdown:1"),
    ]:
        with pytest.raises(InvalidSpecError) as caught:
            SupervisorFlags.from_wire(wire)
        assert caught.value.reason == reason
    with pytest.raises(InvalidSpecError) as caught:
        DynamicFlags.from_wire({"max_children": -1})
    assert caught.value.reason == "invalid_max_children:-1"


def test_a_backoff_is_no_map_where_it_is_made() -> None:
    with pytest.raises(InvalidSpecError):
        SupervisorFlags(backoff={"initial_ms": 1, "max_ms": 2})  # type: ignore[arg-type]


def test_words_become_members() -> None:
    made = SupervisorFlags.from_wire({"strategy": "rest_for_one", "auto_shutdown": "any_significant"})
    assert made.strategy is Strategy.REST_FOR_ONE
    assert made.auto_shutdown is AutoShutdown.ANY_SIGNIFICANT


def test_the_pause_doubles_up_to_its_bound() -> None:
    backoff = Backoff(initial_ms=100, max_ms=1000)
    assert [backoff.delay_ms(streak) for streak in (1, 2, 3, 4, 5, 10**9)] == [100, 200, 400, 800, 1000, 1000]


def test_children_may_live_together() -> None:
    accepted = SupervisorFlags(auto_shutdown=AutoShutdown.ANY_SIGNIFICANT).accept(
        [spec("a"), spec("b", restart=Restart.TRANSIENT, significant=True)]
    )
    assert [child.id for child in accepted] == ["a", "b"]


def test_children_may_not_live_together() -> None:
    significant = spec("a", restart=Restart.TRANSIENT, significant=True)
    with pytest.raises(InvalidSpecError) as caught:
        SupervisorFlags().accept([significant])
    assert caught.value.reason == "bad_combination:auto_shutdown=never,significant=true"
    with pytest.raises(InvalidSpecError) as caught:
        SupervisorFlags(auto_shutdown=AutoShutdown.ANY_SIGNIFICANT).accept([significant, significant])
    assert caught.value.reason == "duplicate_child_name:a"


def test_a_child_from_the_wire_fits_its_supervisor() -> None:
    wire = spec("a", restart=Restart.TRANSIENT, significant=True).to_wire()
    assert SupervisorFlags(auto_shutdown=AutoShutdown.ALL_SIGNIFICANT).child_from_wire(wire).significant
    with pytest.raises(InvalidSpecError):
        SupervisorFlags().child_from_wire(wire)
    assert not DynamicFlags().child_from_wire(wire).significant


def test_a_dynamic_child_needs_time_or_a_brutal_kill() -> None:
    with pytest.raises(InvalidSpecError) as caught:
        DynamicFlags().child_from_wire(spec("a", shutdown=0).to_wire())
    assert caught.value.reason == "invalid_shutdown:0"
    with pytest.raises(InvalidSpecError):
        DynamicFlags().child_from_wire("no map")
