import dataclasses
import typing

import pytest

from supervision.actor import ActorStart, ChildEvent


def test_a_start_needs_who_and_what_and_nothing_else() -> None:
    start = ActorStart(actor_id="a", uid="a-1", actor="m:C")
    assert (start.args, start.title, start.parent, start.registry, start.memory_key, start.memory_bytes) == ({}, "", None, None, "", 0)


@pytest.mark.parametrize("cls", typing.get_args(ChildEvent), ids=lambda cls: cls.__name__)
def test_news_of_a_child_names_its_life(cls: type) -> None:
    assert {field.name for field in dataclasses.fields(cls)} & {"uid", "ref"}
    assert cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
