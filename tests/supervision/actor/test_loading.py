import pytest

from protocols import UsageError
from supervision.actor import Actor, load_actor


class Outer:
    class Inner(Actor):
        pass


NUMBER = 1


@pytest.mark.parametrize("name", ["Outer.Inner", "Actor"])
def test_a_class_is_found_by_its_name(name: str) -> None:
    assert load_actor(f"{__name__}:{name}") in (Outer.Inner, Actor)


@pytest.mark.parametrize(
    ("path", "failure", "text"),
    [
        ("no_such_module:Actor", ModuleNotFoundError, "no_such_module"),
        (f"{__name__}:Missing", AttributeError, "Missing"),
        (__name__, AttributeError, "''"),
        (f"{__name__}:NUMBER", UsageError, "names no subclass of supervision.Actor: write module:Class"),
        (f"{__name__}:Outer", UsageError, "names no subclass"),
    ],
)
def test_what_names_no_actor_is_refused(path: str, failure: type[Exception], text: str) -> None:
    with pytest.raises(failure, match=text):
        load_actor(path)
