"""What every actor understands, whatever its role; handled by its cell, never by the actor."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from protocols.errors import LivekitexError
from protocols.ref import Ref

__all__ = ["ErrorReply", "ExitSignal", "Ping", "Pong", "RegistryChanged"]

MAX_ERROR_CHARS: Final = 2_000
"""Longest text of an `ErrorReply` made of an exception."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitSignal:
    """An exit signal in OTP's sense. From the parent it asks the actor to end; from a stranger it ends who does not trap exits.

    ``reason`` is the text of an `ExitReason`.
    """

    TAG: ClassVar[str] = "exit_signal"
    reason: str
    from_parent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """A heartbeat probe; answered with `Pong` when its turn in the mailbox comes (through `Actor.on_ping`)."""

    TAG: ClassVar[str] = "ping"
    probe: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """The answer to `Ping`."""

    TAG: ClassVar[str] = "pong"
    probe: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryChanged:
    """A new registry lives at ``registry``. Comes down the tree from supervisor to child; supervisors announce their children to it."""

    TAG: ClassVar[str] = "registry_changed"
    registry: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply:
    """The answer to a request that was refused: the class of `protocols.errors` by name, its text, and whether to try again."""

    TAG: ClassVar[str] = "error"
    error: str
    text: str
    retryable: bool

    @classmethod
    def of(cls, failure: LivekitexError) -> Self:
        """What ``failure`` is as an answer; its text is cut at `MAX_ERROR_CHARS`."""
        return cls(error=type(failure).__name__, text=str(failure)[:MAX_ERROR_CHARS], retryable=failure.retryable)
