import inspect

from supervision.actor import MAX_OPEN_REQUESTS, POST_LIMIT, ActorCell, Context


def test_a_cell_is_a_context() -> None:
    names = [name for name in vars(Context) if not name.startswith("_")]
    assert [name for name in names if not hasattr(ActorCell, name)] == []
    for name in names:
        promised = vars(Context)[name]
        if inspect.isfunction(promised):
            assert inspect.signature(promised) == inspect.signature(vars(ActorCell)[name])


def test_the_bounds_are_there() -> None:
    assert POST_LIMIT > 0
    assert MAX_OPEN_REQUESTS > 0
