"""What the sinks of a session have in common: they are named, attached and detached, and may wrap one another."""

from abc import ABC, abstractmethod
from typing import Any

__all__ = ["Output"]


class Output(ABC):
    """A sink. With ``next_in_chain`` it is a wrapper, which passes on what it takes."""

    def __init__(self, *, label: str, next_in_chain: "Output | None" = None) -> None:
        self._label = label
        self._next_in_chain = next_in_chain

    @property
    def label(self) -> str:
        """How logs name it."""
        return self._label

    @property
    def next_in_chain(self) -> Any:  # noqa: ANN401 - a sink of the same kind
        """What it wraps; None if nothing."""
        return self._next_in_chain

    @abstractmethod
    def flush(self) -> None:
        """What was captured since the last one is complete: an answer's text."""

    def on_attached(self) -> None:
        """It is used from now on."""
        if self._next_in_chain is not None:
            self._next_in_chain.on_attached()

    def on_detached(self) -> None:
        """It is used no more, for now."""
        if self._next_in_chain is not None:
            self._next_in_chain.on_detached()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(label={self.label!r}, next={self.next_in_chain!r})"
