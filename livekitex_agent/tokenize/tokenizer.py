"""Text cut into sentences or words, at once or as it comes: LiveKit's interfaces."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass

from livekitex_agent.utils import aio

__all__ = ["SentenceStream", "SentenceTokenizer", "TokenData", "TokenStream", "WordStream", "WordTokenizer"]


@dataclass
class TokenData:
    """A sentence or word, and the segment (what lies between two flushes) that it is of."""

    segment_id: str = ""
    token: str = ""


class TokenStream(ABC):
    """Text goes in, tokens come out of the iteration, which ends after `end_input` or `aclose`."""

    def __init__(self) -> None:
        self._event_ch = aio.Chan[TokenData]()

    @abstractmethod
    def push_text(self, text: str) -> None:
        """Hand over the next piece of text, cut anywhere."""

    @abstractmethod
    def flush(self) -> None:
        """The segment ends here: tell what is left."""

    @abstractmethod
    def end_input(self) -> None:
        """Nothing more is pushed."""

    @abstractmethod
    async def aclose(self) -> None:
        """End at once."""

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return self._event_ch.closed

    async def __anext__(self) -> TokenData:
        return await anext(self._event_ch)

    def __aiter__(self) -> AsyncIterator[TokenData]:
        return self

    def _do_close(self) -> None:
        self._event_ch.close()

    def _check_not_closed(self) -> None:
        if self._event_ch.closed:
            raise RuntimeError(f"{type(self).__module__}.{type(self).__name__} is closed")


class SentenceStream(TokenStream):
    """A stream of sentences."""


class WordStream(TokenStream):
    """A stream of words."""


class SentenceTokenizer(ABC):
    """Cuts text into sentences."""

    @abstractmethod
    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:
        """The sentences of a whole text."""

    @abstractmethod
    def stream(self, *, language: str | None = None) -> SentenceStream:
        """Begin a text that comes in pieces."""


class WordTokenizer(ABC):
    """Cuts text into words."""

    @abstractmethod
    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:
        """The words of a whole text."""

    @abstractmethod
    def stream(self, *, language: str | None = None) -> WordStream:
        """Begin a text that comes in pieces."""

    def format_words(self, words: list[str]) -> str:
        """The words as a text."""
        return " ".join(words)
