"""What a stream of a provider of LiveKit's classes is to the session: used here, at work on the loop of the program."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Generic, Protocol, TypeVar

from protocols import Fault, ProviderError

__all__ = ["AdaptedStream", "Iterate", "Post", "StreamThere"]

_Told = TypeVar("_Told")
_Told_co = TypeVar("_Told_co", covariant=True)

Post = Callable[[Callable[[], object]], None]
"""Has a callback called on the program's loop, in order."""
Iterate = Callable[[Callable[[], AsyncIterator[_Told]]], AsyncIterator[_Told]]
"""Brings over what is told there."""


class StreamThere(Protocol[_Told_co]):
    """The stream on the program's loop. ``failed`` may be asked from any thread."""

    @property
    def failed(self) -> bool:
        """Whether it is of no further use."""
        ...

    def flush(self) -> None:
        """What was pushed is to be told."""
        ...

    def end_input(self) -> None:
        """Nothing more comes."""
        ...

    def close(self) -> None:
        """End it at once."""
        ...

    def events(self) -> AsyncIterator[_Told_co]:
        """What it tells."""
        ...


class AdaptedStream(Generic[_Told]):
    """The side of the session: all but what is pushed."""

    def __init__(self, label: str, there: StreamThere[_Told], post: Post, iterate: "Iterate[_Told]") -> None:
        self._label = label
        self._there: StreamThere[_Told] = there
        self._post = post
        self._iterate = iterate
        self._ended = self._closed = self._iterated = False

    def flush(self) -> None:
        """What was pushed is to be told: its final transcripts, or the audio of its segment.

        Raises:
            ProviderError: the stream is over.
        """
        self._require_open()
        self._post(self._there.flush)

    def end_input(self) -> None:
        """Nothing more is pushed."""
        if not self._ended:
            self._ended = True
            self._post(self._there.end_input)

    async def aclose(self) -> None:
        """End the stream at once."""
        if not self._closed:
            self._closed = self._ended = True
            self._post(self._there.close)

    async def __aiter__(self) -> AsyncGenerator[_Told, None]:
        """The events, from one iteration only."""
        if self._iterated:
            raise ProviderError(f"{self._label}: the stream is iterated already", retryable=False, fault=Fault.CALLER)
        self._iterated = True
        async for event in self._iterate(self._there.events):
            if self._closed:
                return
            yield event

    def _require_open(self) -> None:
        if self._ended or self._there.failed:
            raise ProviderError(f"{self._label}: the stream is over: begin another", retryable=False, fault=Fault.CALLER)
