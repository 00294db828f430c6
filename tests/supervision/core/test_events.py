import dataclasses
from typing import get_args

import pytest

from supervision.core import events


def test_the_unions_name_every_class() -> None:
    made = {cls for cls in vars(events).values() if isinstance(cls, type) and cls.__module__ == events.__name__}
    assert made == {*get_args(events.Event), *get_args(events.Timer)}
    assert set(get_args(events.Message)) <= made


@pytest.mark.parametrize("cls", get_args(events.Event))
def test_events_are_values(cls: type) -> None:
    arguments = [field.name for field in dataclasses.fields(cls)]
    assert cls(*arguments) == cls(*arguments)
    assert len({cls(*arguments), cls(*arguments)}) == 1
