"""Reads the plain maps in which specifications travel. Whatever they hold, the outcome is a value or an `InvalidSpecError`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from protocols import InvalidSpecError

E = TypeVar("E", bound=StrEnum)


def refuse(reason: str, cure: str) -> NoReturn:
    """Refuse a specification: ``reason`` in OTP's words, ``cure`` for whoever wrote it.

    Raises:
        InvalidSpecError: always.
    """
    raise InvalidSpecError(f"{reason}: {cure}", reason=reason)


@contextmanager
def blame(part: str) -> Iterator[None]:
    """Let refusals inside say which part of the whole is wrong: their reason begins with ``part:``."""
    try:
        yield
    except InvalidSpecError as refusal:
        raise InvalidSpecError(f"{part}: {refusal}", reason=f"{part}:{refusal.reason}") from refusal


def require_map(value: object, fields: frozenset[str], what: str) -> Mapping[str, Any]:
    """``value``, which must be a map with no other keys than ``fields``.

    Raises:
        InvalidSpecError: it is no map, or has an unknown key.
    """
    if not isinstance(value, Mapping):
        refuse(f"invalid_{what}:{shorten(value)}", "expected a map of its fields")
    unknown = [key for key in value if key not in fields]
    if unknown:
        refuse(f"invalid_{what}:{shorten(unknown[0])}", f"no such field; the fields are {', '.join(sorted(fields))}")
    return value


def require_list(value: object, term: str) -> Sequence[object]:
    """``value``, which must be a list.

    Raises:
        InvalidSpecError: it is none.
    """
    if isinstance(value, list | tuple):
        return value
    refuse(f"{term}:{shorten(value)}", "expected a list")


def require_texts(value: object, term: str) -> tuple[str, ...]:
    """``value``, which must be a list of texts.

    Raises:
        InvalidSpecError: it is none.
    """
    return tuple(require_text(each, term) for each in require_list(value, term))


def callers_arg(callers: Iterable[str] | None) -> dict[str, Any]:
    """The part of a supervisor's arguments that says who may change its children; nothing for None."""
    return {} if callers is None else {"callers": [*callers]}


def require_choice(enum: type[E], value: object, term: str) -> E:
    """The member of ``enum`` that ``value`` is, or names.

    Raises:
        InvalidSpecError: it is no member; the reason is ``term:value``.
    """
    if isinstance(value, str) and value in enum.__members__.values():
        return enum(value)
    refuse(f"{term}:{shorten(value)}", f"choose one of {', '.join(enum)}")


def require_text(value: object, term: str) -> str:
    """``value``, which must be text.

    Raises:
        InvalidSpecError: it is none.
    """
    if isinstance(value, str):
        return value
    refuse(f"{term}:{shorten(value)}", "expected text")


def require_integer(value: object, term: str, *, minimum: int) -> int:
    """``value``, which must be an integer (no bool) of at least ``minimum``.

    Raises:
        InvalidSpecError: it is none, or less.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= minimum:
        return value
    refuse(f"{term}:{shorten(value)}", f"expected an integer, at least {minimum}")


def require_flag(value: object, term: str) -> bool:
    """``value``, which must be True or False.

    Raises:
        InvalidSpecError: it is neither.
    """
    if isinstance(value, bool):
        return value
    refuse(f"{term}:{shorten(value)}", "expected true or false")


def shorten(value: object) -> str:
    """``value`` as it is named in a reason: at most 50 characters."""
    return f"{value!s:.50}"
