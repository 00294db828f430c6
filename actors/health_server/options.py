"""Where the HealthServer listens, checked where it arrives."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from protocols import ConfigurationError, parse_host

MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthOptions:
    """``host`` and ``port`` (0: any free one). Other machines are let in only where ``allow_remote`` says so: nobody asks for a password.

    Raises:
        ConfigurationError: a value of another type, or no port.
    """

    host: str = "127.0.0.1"
    port: int = 0
    allow_remote: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", parse_host(self.host))
        if type(self.port) is not int or not 0 <= self.port <= MAX_PORT:
            raise ConfigurationError(f"health port is {self.port!r}: use 0 (any free port) to {MAX_PORT}")
        if type(self.allow_remote) is not bool:
            raise ConfigurationError(f"allow_remote is {self.allow_remote!r}: use true or false")

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """The options that an actor's arguments give; absent ones have their defaults.

        Raises:
            ConfigurationError: an unknown name, or a value that the constructor refuses.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(args) - known):
            raise ConfigurationError(f"unknown health option {unknown[0]!r}: use {', '.join(sorted(known))}")
        return cls(**args)
