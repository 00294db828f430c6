"""The redactor that an option names."""

from collections.abc import Callable
from typing import Any, Final

from actors.redaction.redactor import PatternRedactor
from protocols import ConfigurationError, Redactor

PATTERNS: Final = "patterns"
"""What `PatternRedactor` is called, with the national ids of all countries that it knows."""


def make_redactor(name: str, load: Callable[[str], Any]) -> Redactor | None:
    """The redactor called ``name``: ``patterns``, or a reference to a function that makes one, for ``load`` (empty: none).

    Raises:
        ConfigurationError: what it names makes no redactor. What the function itself raises, and ``load``, comes through as it is.
    """
    if not name:
        return None
    if name == PATTERNS:
        return PatternRedactor()
    factory = load(name)
    if not callable(factory):
        raise ConfigurationError(f"redactor={name!r} is a {type(factory).__name__}: name a function without arguments that makes one")
    made = factory()
    if not callable(getattr(made, "redact", None)):
        raise ConfigurationError(f"redactor={name!r} makes a {type(made).__name__}, which has no redact(text, sink, whole=...)")
    redactor: Redactor = made
    return redactor
