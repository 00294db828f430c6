r"""Text as everything that is sent, stored or spoken needs it: without lone surrogates, which no UTF-8 can hold.

Python's text may have them: from a model that was cut within an emoji, from JSON's ``\ud83c``, from file names that were not decoded. So
whoever takes text from outside makes it well-formed first. Two halves that stand side by side are put together (Unicode, section 3.9, D91).
"""

import codecs
from typing import Final

__all__ = ["WellFormedStream", "well_formed"]

_ENCODING: Final = "utf-16-le"
"""In it surrogates are what pairs are made of, so its decoder puts pairs together and finds the halves that are alone."""


def well_formed(text: str) -> str:
    """``text`` with each lone surrogate replaced by U+FFFD, and with pairs of them put together."""
    return text if text.isascii() else _encoded(text).decode(_ENCODING, "replace")


class WellFormedStream:
    """Makes text well-formed that comes in pieces: a pair that was cut between two of them is put together."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder(_ENCODING)("replace")

    def feed(self, text: str) -> str:
        """What is certain after ``text``: the first half of a pair at its end is kept back."""
        return self._decoder.decode(_encoded(text))

    def finish(self) -> str:
        """What was kept back."""
        return self._decoder.decode(b"", final=True)


def _encoded(text: str) -> bytes:
    return text.encode(_ENCODING, "surrogatepass")
