"""What a model thinks aloud before it answers, between ``<think>`` and ``</think>``, is not said. Pure.

OpenAI's own models, and servers that tell thoughts apart (``reasoning_content``), do not write such marks; others stream them as text.
"""

from typing import Final

OPENING: Final = "<think>"
CLOSING: Final = "</think>"


class Thoughts:
    """Takes the text of one answer in pieces, and gives it without the thoughts at its beginning."""

    def __init__(self) -> None:
        self._held = ""  # what may be the beginning of a mark
        self._thinking = False
        self._speaking = False
        self._behind = False  # nothing but space has come behind a thought

    def feed(self, text: str) -> str:
        """What is to be said after ``text``."""
        if not self._speaking:
            text = self._unheld(text)
        if self._behind:
            text = text.lstrip()
            self._behind = not text
        return text

    def finish(self) -> str:
        """The text is over: what was held, unless it was a thought."""
        return "" if self._thinking or self._speaking else self._held

    def _unheld(self, text: str) -> str:
        self._held += text
        if not self._thinking:
            begun = self._held.lstrip()
            self._thinking = begun.startswith(OPENING)
            self._speaking = not OPENING.startswith(begun) and not self._thinking
            if not self._thinking:
                return self._held if self._speaking else ""
        _, closing, said = self._held.partition(CLOSING)
        self._held = self._held[1 - len(CLOSING) :]
        self._speaking = self._behind = bool(closing)
        return said
