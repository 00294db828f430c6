"""What of a reply is kept outside the process: how far it was heard, and the audio of it that was made and not heard yet.

Positions are samples of the reply. A voice does not say the same text twice in the same samples, so after a death the kept audio is heard
to its end, and only the text after it is said anew.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Audio from ``start`` to ``end`` that says (a part of) the sentence ``index``."""

    index: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSpeech:
    """A reply that was heard up to the sample ``heard``: all sentences before ``heard_index``, and ``heard_char`` characters of that one.

    ``stretches`` are the kept audio from there on, in order and without a gap. The text after them begins in the sentence ``next_index`` at
    the character ``next_char``.
    """

    heard: int
    heard_index: int
    heard_char: int
    stretches: tuple[Stretch, ...]
    next_index: int
    next_char: int

    @property
    def until(self) -> int:
        """The end of the kept audio."""
        return self.stretches[-1].end if self.stretches else self.heard

    def of(self, index: int) -> tuple[int, int]:
        """The kept audio of a sentence: from and to which sample; nothing, in its place, if there is none."""
        for stretch in self.stretches:
            if stretch.index >= index:
                return (stretch.start, stretch.end) if stretch.index == index else (stretch.start, stretch.start)
        return (self.until, self.until)
