"""Sentences with places to fill.

``{field}`` or ``{field.inner}``, and how to say it: ``{total:money}``, ``{phone:digits}``, ``{quantity:number}``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from actors.providers.offline.rules.numbers import number_words, spoken_digits, spoken_money

_PLACE: Final = re.compile(r"\{(\w+(?:\.\w+)*)(?::(\w+))?\}")
_FILTERS: Final[Mapping[str, Callable[[Any], str]]] = {
    "money": lambda value: spoken_money(float(value)),
    "digits": lambda value: spoken_digits(str(value)),
    "number": lambda value: number_words(int(value)),
}


class CannotFillError(Exception):
    """A template asks for what is not there."""


def fill(template: str, values: Mapping[str, Any]) -> str:
    """``template`` with its places filled; a list is told as one ("a, b and c").

    Raises:
        CannotFillError: a place without a value, or a value that cannot be said that way.
    """
    return _PLACE.sub(lambda place: _said(_look_up(place[1], values), place[2]), template)


def fill_value(template: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - an argument of any type
    """An argument: the value itself where ``template`` is nothing but one place, so that a number stays a number.

    Raises:
        CannotFillError: as for `fill`.
    """
    if not isinstance(template, str):
        return template
    whole = _PLACE.fullmatch(template)
    return _look_up(whole[1], values) if whole and not whole[2] else fill(template, values)


def enumerate_in_words(parts: Sequence[str]) -> str:
    """The parts as a speaker lists them: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _look_up(path: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a field of any type
    value: Any = values
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise CannotFillError(path)
        value = value[name]
    return value


def _said(value: Any, filter_name: str | None) -> str:  # noqa: ANN401 - a field of any type
    if filter_name is None:
        return enumerate_in_words([str(part) for part in value]) if isinstance(value, list) else str(value)
    try:
        return _FILTERS[filter_name](value)
    except (KeyError, TypeError, ValueError) as failure:
        raise CannotFillError(filter_name) from failure
