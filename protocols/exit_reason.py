"""Why a process ended, in OTP's words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["KILLED", "MAX_REASON_CHARS", "NORMAL", "SHUTDOWN", "ExitKind", "ExitReason", "abnormal", "shorten_reason"]

MAX_REASON_CHARS: Final = 1000
"""Characters of a reason that travel; see `shorten_reason`."""


class ExitKind(StrEnum):
    """The kinds of exit that supervision tells apart."""

    NORMAL = "normal"
    SHUTDOWN = "shutdown"
    KILLED = "killed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ExitReason:
    """A kind and, where there is one, the detail: ``shutdown:term``, ``error:ValueError: no such product``.

    ``killed`` stands for an untrappable kill (signal 9). Every other signal, exit code or exception is an ``error`` whose
    detail names it.
    """

    kind: ExitKind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.detail}" if self.detail else str(self.kind)

    @classmethod
    def parse(cls, text: str) -> "ExitReason":
        """The reason that ``str`` printed. Any other text is, as any other term in OTP, an error: its detail is the text."""
        kind, _, detail = text.partition(":")
        try:
            return cls(ExitKind(kind), detail)
        except ValueError:
            return cls(ExitKind.ERROR, text)

    @property
    def clean(self) -> bool:
        """Whether a transient child that ends so stays down (``normal``, ``shutdown``, ``shutdown:…``)."""
        return self.kind in (ExitKind.NORMAL, ExitKind.SHUTDOWN)


NORMAL = ExitReason(ExitKind.NORMAL)
SHUTDOWN = ExitReason(ExitKind.SHUTDOWN)
KILLED = ExitReason(ExitKind.KILLED)


def abnormal(detail: str) -> ExitReason:
    """An abnormal exit with its detail."""
    return ExitReason(ExitKind.ERROR, detail)


def shorten_reason(text: str) -> str:
    """``text`` in at most `MAX_REASON_CHARS`; a longer one loses its middle, for errors begin with the fault and end with the cure."""
    if len(text) <= MAX_REASON_CHARS:
        return text
    tail = MAX_REASON_CHARS // 2
    return f"{text[: MAX_REASON_CHARS - tail - 1]}…{text[-tail:]}"
