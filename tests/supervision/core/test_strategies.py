from hypothesis import given
from hypothesis import strategies as st

from supervision.core import Child, Plan, Restart, Strategy, plan_restart
from support.machines import spec


def children(*restarts: Restart) -> list[Child]:
    return [Child(key=key, spec=spec(key, restart=restart)) for key, restart in zip("abcdefgh", restarts, strict=False)]


P, N, T = Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY


def test_one_for_one_is_the_child_alone() -> None:
    assert plan_restart(Strategy.ONE_FOR_ONE, children(P, P, P), "b") == Plan(stop=(), start=("b",))


def test_rest_for_one_is_the_child_and_the_younger() -> None:
    assert plan_restart(Strategy.REST_FOR_ONE, children(P, P, P, N), "b") == Plan(stop=("d", "c"), start=("b", "c", "d"))


def test_one_for_all_is_everybody() -> None:
    assert plan_restart(Strategy.ONE_FOR_ALL, children(P, P, P), "b") == Plan(stop=("c", "a"), start=("a", "b", "c"))


def test_a_temporary_sibling_is_stopped_and_not_started() -> None:
    assert plan_restart(Strategy.ONE_FOR_ALL, children(T, P, T), "b") == Plan(stop=("c", "a"), start=("b",))


@given(st.sampled_from(Strategy), st.lists(st.sampled_from(Restart), min_size=1, max_size=8), st.data())
def test_stops_mirror_starts(strategy: Strategy, restarts: list[Restart], data: st.DataObject) -> None:
    family = children(*restarts)
    ended = data.draw(st.sampled_from([child.key for child in family]))
    plan = plan_restart(strategy, family, ended)
    order = [child.key for child in family]
    assert ended not in plan.stop
    assert list(plan.stop) == sorted(plan.stop, key=order.index, reverse=True)
    assert list(plan.start) == sorted(plan.start, key=order.index)
    survivors = {child.key for child in family if child.restart is not T}
    assert set(plan.start) == ({*plan.stop, ended} & survivors)
