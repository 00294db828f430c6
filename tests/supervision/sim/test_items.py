import dataclasses
import typing

import pytest

from supervision.sim import items
from supervision.sim.items import Delivery, Kill


@pytest.mark.parametrize("cls", typing.get_args(items.Item), ids=lambda cls: cls.__name__)
def test_what_is_scheduled_is_frozen(cls: type) -> None:
    assert cls.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_only_a_message_goes_to_an_address_that_another_life_may_have() -> None:
    assert [cls for cls in typing.get_args(items.Item) if "uid" not in {field.name for field in dataclasses.fields(cls)}] == [Delivery]
    assert Kill(uid="a") == Kill(uid="a")
