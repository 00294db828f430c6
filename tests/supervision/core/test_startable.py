from collections.abc import Callable

import pytest

from protocols import StartChild
from supervision import ChildType, DynamicFlags, SupervisorFlags, dynamic_args, supervisor_args
from supervision.core.effects import Outcome
from supervision.core.startable import loaded_by, startable
from support.machines import Bench, dynamic, spec, static

EVIL = {"id": "evil", "actor": "os:system"}


def test_it_names_all_that_a_start_would_load_at_any_depth() -> None:
    leaf = spec("leaf")
    inner = supervisor_args(SupervisorFlags(), [leaf], may_start=["m:Later"])
    middle = {**supervisor_args(SupervisorFlags(), [spec("inner", args=inner)]), "preload": ["m:warm"]}
    assert loaded_by(spec("top", args=middle)) == {"tests:Child", "m:Later", "m:warm"}
    assert startable([spec()], ["m:More"]) == {"tests:Child", "m:More"}
    assert startable([], []) == frozenset()


@pytest.mark.parametrize("args", [{"children": "x"}, {"children": [1, None]}, {"preload": 3}, {"may_start": None}])
def test_arguments_that_are_no_supervisors_name_nothing(args: dict[str, object]) -> None:
    assert loaded_by(spec(args=args)) == {"tests:Child"}


@pytest.mark.parametrize("make", [static, dynamic])
@pytest.mark.parametrize(
    "wire",
    [
        EVIL,
        spec("b", args={"children": [EVIL]}).to_wire(),
        spec("b", args={"children": [{"id": "c", "actor": "tests:Child", "args": {"children": [EVIL]}}]}).to_wire(),
        spec("b", args={"preload": ["os:abort"]}).to_wire(),
        spec("b", args={"may_start": ["os:system"]}).to_wire(),
    ],
    ids=["itself", "below", "far_below", "preloaded", "later"],
)
def test_what_is_not_on_the_list_is_not_started(make: Callable[..., Bench], wire: dict[str, object]) -> None:
    bench = make().boot()
    bench.call(StartChild(spec=wire), "evil")
    [answer] = bench.answers("evil")
    assert isinstance(answer, Outcome)
    assert answer.result.startswith("error:not_allowed:os:")
    assert bench.starting == ""


def test_the_list_travels_in_the_arguments() -> None:
    assert dynamic_args(DynamicFlags(), may_start=("m:C",), callers=())["may_start"] == ["m:C"]
    assert "callers" not in dynamic_args(DynamicFlags())
    assert spec("s", type=ChildType.SUPERVISOR, args=supervisor_args(SupervisorFlags(), (), callers=("x",))).args["callers"] == ["x"]
