from typing import Any

import pytest

from actors.providers.offline.rules.templates import CannotFillError, enumerate_in_words, fill, fill_value

VALUES = {"name": "pizza", "price": 4.5, "deep": {"phone": "5551234"}, "n": 2, "all": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("The {name} costs {price:money}.", "The pizza costs four dollars and fifty cents."),
        ("{deep.phone:digits}", "five five five, one two three four"),
        ("{n:number} {n}", "two 2"),
        ("We have {all}.", "We have a, b and c."),
        ("{ name }", "{ name }"),
    ],
)
def test_places_are_filled(template: str, text: str) -> None:
    assert fill(template, VALUES) == text


@pytest.mark.parametrize("template", ["{none}", "{name.deep}", "{name:money}", "{name:colour}"])
def test_what_cannot_be_filled_is_told(template: str) -> None:
    with pytest.raises(CannotFillError):
        fill(template, VALUES)


@pytest.mark.parametrize(("template", "value"), [("{n}", 2), ("{all}", ["a", "b", "c"]), ("{n} x", "2 x"), (0, 0), ("{n:number}", "two")])
def test_an_argument_keeps_its_type(template: Any, value: Any) -> None:
    assert fill_value(template, VALUES) == value


def test_lists_as_they_are_said() -> None:
    assert [enumerate_in_words(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
