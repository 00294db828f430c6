"""What is written for each sentence that is said: the history holds a text as it was given, the voice gets sentences.

A sentence that was cut from a text (`SentenceSplitter`) has its white space squeezed and none around it. Here the text is followed in
pieces, and each sentence taken from it brings what was written for it: the same characters with the white space that was there, before it
too. A piece may also be written otherwise than it is said (a program's `transcription_node`). Where only a part of such a piece is said, as
much of what is written is taken, in proportion, up to the end of a word. Put together again all that was taken and the rest are the text.
"""

from collections import deque
from dataclasses import dataclass, field

from actors.agent_session.core.memory import Sentence
from actors.media import split_sentences


@dataclass(slots=True)
class _Piece:
    said: str
    written: str | None
    at: int = 0
    written_at: int = 0

    def take(self, to: int) -> str:
        """What is written for what is said up to ``to``."""
        start, self.at = self.at, to
        if self.written is None:
            return self.said[start:to]
        start = self.written_at
        self.written_at = len(self.written) if to == len(self.said) else _end_of_word(self.written, self.written_at, to / len(self.said))
        return self.written[start : self.written_at]


@dataclass(slots=True)
class WrittenText:
    """Follows one text."""

    _pieces: deque[_Piece] = field(default_factory=deque)

    def feed(self, said: str, written: str | None = None) -> None:
        """The next piece (``written`` None: as it is said). What is written and not said belongs to the sentence before it."""
        self._pieces.append(_Piece(said, None if written == said else written))

    def take(self, sentence: str) -> Sentence:
        """The next sentence that was cut from the text, which goes at least as far: the white space of both may differ."""
        return Sentence(sentence, self._up_to("".join(sentence.split())))

    def rest(self) -> str:
        """What is written after all sentences."""
        written = "".join(piece.take(len(piece.said)) for piece in self._pieces)
        self._pieces.clear()
        return written

    def _up_to(self, characters: str) -> str:
        """What is written up to the last of ``characters``, which the text holds next, between white space."""
        taken, left = [], len(characters)
        while left and self._pieces:
            piece = self._pieces[0]
            to = piece.at
            while to < len(piece.said) and left:
                left -= not piece.said[to].isspace()
                to += 1
            taken.append(piece.take(to))
            if to == len(piece.said):
                self._pieces.popleft()
        while self._pieces and not self._pieces[0].said:
            taken.append(self._pieces.popleft().take(0))
        return "".join(taken)


def written_sentences(text: str, written: str | None = None) -> tuple[tuple[Sentence, ...], str]:
    """The sentences of a whole ``text``, and what is ``written`` (None: as it is said) after them all."""
    whole = WrittenText()
    whole.feed(text, written)
    return tuple(whole.take(sentence) for sentence in split_sentences(text)), whole.rest()


def sentence_begin(sentence: Sentence, text: str) -> Sentence:
    """The part of ``sentence`` of which only ``text``, its beginning, was said."""
    if sentence.written is None:
        return Sentence(text)
    whole = WrittenText()
    if sentence.written.split() == sentence.text.split():
        whole.feed(sentence.written)
    else:
        whole.feed(sentence.text, sentence.written)
    return whole.take(text)


def _end_of_word(written: str, start: int, share: float) -> int:
    """Where the word ends that is at this ``share`` of ``written``, from ``start`` on."""
    at = max(start, round(len(written) * share))
    while at < len(written) and not written[at].isspace():
        at += 1
    return at
