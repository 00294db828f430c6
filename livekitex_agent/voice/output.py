"""What the sources and the sinks of a session have in common: they are named, attached and detached, and may wrap one another."""

from abc import ABC, abstractmethod
from typing import Any

__all__ = ["Attachable", "Output"]


class Attachable:
    """What can be put into a session; what ``wrapped`` is, is attached and detached with it."""

    def __init__(self, label: str, wrapped: "Attachable | None") -> None:
        self._label = label
        self._wrapped = wrapped

    @property
    def label(self) -> str:
        """How logs name it."""
        return self._label

    def on_attached(self) -> None:
        """It is used from now on."""
        if self._wrapped is not None:
            self._wrapped.on_attached()

    def on_detached(self) -> None:
        """It is used no more, for now."""
        if self._wrapped is not None:
            self._wrapped.on_detached()


class Output(Attachable, ABC):
    """A sink. With ``next_in_chain`` it is a wrapper, which passes on what it takes."""

    def __init__(self, *, label: str, next_in_chain: "Output | None" = None) -> None:
        super().__init__(label, next_in_chain)

    @property
    def next_in_chain(self) -> Any:  # noqa: ANN401 - a sink of the same kind
        """What it wraps; None if nothing."""
        return self._wrapped

    @abstractmethod
    def flush(self) -> None:
        """What was captured since the last one is complete: an answer's text."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(label={self.label!r}, next={self.next_in_chain!r})"
