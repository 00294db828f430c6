import dataclasses
import typing

import pytest

from protocols import Ref
from supervision.sim import items
from supervision.sim.items import Delivery, Kill, SimOrigin


@pytest.mark.parametrize("cls", typing.get_args(items.Item), ids=lambda cls: cls.__name__)
def test_what_is_scheduled_is_frozen(cls: type) -> None:
    assert cls.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_only_a_message_goes_to_an_address_that_another_life_may_have() -> None:
    assert [cls for cls in typing.get_args(items.Item) if "uid" not in {field.name for field in dataclasses.fields(cls)}] == [Delivery]
    assert Kill(uid="a") == Kill(uid="a")


def test_an_origin_is_one_life_at_one_address_and_no_other() -> None:
    me = Ref(id="a", uid="a-1", address="sim:7")
    assert SimOrigin(ref=me).proves(me)
    for other in ({"id": "b"}, {"uid": "a-2"}, {"address": "sim:8"}):
        assert not SimOrigin(ref=me).proves(dataclasses.replace(me, **other))
