import inspect

from supervision.actor import MAX_OPEN_REQUESTS, POST_LIMIT, ActorCell, ActorStart, Context
from support.fake_runtime import FakeRuntime


def test_a_cell_is_a_context() -> None:
    cell: Context = ActorCell(ActorStart(actor_id="me", uid="me-1", actor="module:Actor"), FakeRuntime())
    names = [name for name in vars(Context) if not name.startswith("_")]
    assert [name for name in names if not hasattr(cell, name)] == []
    for name in names:
        promised = vars(Context)[name]
        if inspect.isfunction(promised):
            assert inspect.signature(promised.__get__(cell)) == inspect.signature(getattr(cell, name))


def test_the_bounds_are_there() -> None:
    assert POST_LIMIT > 0
    assert MAX_OPEN_REQUESTS > 0
