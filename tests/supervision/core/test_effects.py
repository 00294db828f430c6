import dataclasses
from typing import get_args

import pytest

from supervision.core import effects


def test_the_unions_name_every_class() -> None:
    made = {cls for cls in vars(effects).values() if isinstance(cls, type) and cls.__module__ == effects.__name__}
    answers = {effects.Outcome, effects.ChildRow, effects.Listing}
    assert made == {*get_args(effects.Effect)} | answers


@pytest.mark.parametrize("cls", get_args(effects.Effect))
def test_effects_are_values(cls: type) -> None:
    arguments = [field.name for field in dataclasses.fields(cls)]
    assert cls(*arguments) == cls(*arguments)
