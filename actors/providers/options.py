"""Reads the options of a provider, which come from a user, and refuses what is unknown or malformed."""

from collections.abc import Collection, Mapping
from typing import Any

from protocols import ConfigurationError


class OptionReader:
    """The options of the provider called ``provider``; read each known one, then call `finish`."""

    def __init__(self, provider: str, options: Mapping[str, Any]) -> None:
        self._provider = provider
        self._left = dict(options)
        self._known: list[str] = []

    def number(self, name: str, default: float, *, lowest: float, highest: float) -> float:
        """The number called ``name``.

        Raises:
            ConfigurationError: it is no number from ``lowest`` to ``highest``.
        """
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
            raise self.error(name, value, f"a number from {lowest:g} to {highest:g}")
        return value

    def integer(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        """The whole number called ``name``.

        Raises:
            ConfigurationError: it is no whole number from ``lowest`` to ``highest``.
        """
        value = self.number(name, default, lowest=lowest, highest=highest)
        if not isinstance(value, int):
            raise self.error(name, value, "a whole number")
        return value

    def choice(self, name: str, default: str, allowed: Collection[str]) -> str:
        """The text called ``name``, one of ``allowed``.

        Raises:
            ConfigurationError: it is another.
        """
        value = self._take(name, default)
        if not isinstance(value, str) or value not in allowed:
            raise self.error(name, value, "one of " + ", ".join(sorted(allowed)))
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """The option ``name``: true or false.

        Raises:
            ConfigurationError: it is neither.
        """
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise self.error(name, value, "true or false")
        return value

    def anything(self, name: str, default: object = None) -> object:
        """The value called ``name``, which the caller checks."""
        return self._take(name, default)

    def finish(self) -> None:
        """Refuse what was not read.

        Raises:
            ConfigurationError: there is an unknown option.
        """
        if self._left:
            known = ", ".join(self._known) or "none"
            raise ConfigurationError(f"{self._provider} has no option {', '.join(sorted(map(str, self._left)))}: it knows {known}")

    def error(self, name: str, value: object, wanted: str) -> ConfigurationError:
        """What to raise for the value of the option called ``name``."""
        return ConfigurationError(f"{self._provider}: option {name}={value!r:.60} must be {wanted}")

    def _take(self, name: str, default: object) -> object:
        self._known.append(name)
        return self._left.pop(name, default)
