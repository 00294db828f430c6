"""Cuts a reply, which a model streams in pieces of any size, into sentences for speech.

A sentence is spoken as soon as it is whole. "4.50", "Dr. Smith", "e.g. this" and "555. 1234" are not torn. However the text is
cut into pieces, the sentences are the same, and put together again they are the text (but for the amount of white space).
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_SENTENCE_CHARS: Final = 300
"""A longer sentence is cut at its last clause, or word, or hard."""

_ABBREVIATIONS: Final = frozenset(
    (
        *("a.m", "approx", "ave", "blvd", "ca", "cf", "co", "corp", "dept", "dr", "e.g", "est", "etc", "ext", "fig", "gen", "hon", "i.e"),
        *("inc", "jr", "lt", "ltd", "max", "min", "mr", "mrs", "ms", "mt", "no", "nr", "p.m", "ph.d", "prof", "rd", "rev", "sen", "sgt"),
        *("sr", "st", "tel", "u.k", "u.s", "vol", "vs"),
    )
)
_END: Final = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)")
_CLAUSE: Final = re.compile(r"[,;:—–][\"'”’)\]]*(?=\s)")
_OPENING: Final = "\"'“(["


@dataclass(slots=True)
class SentenceSplitter:
    """Splits one reply; holds at most one sentence."""

    _text: str = ""

    def feed(self, delta: str) -> list[str]:
        """The sentences that ``delta``, the next piece, completes."""
        self._text = _squeeze(self._text + delta)
        sentences = []
        while cut := _cut(self._text):
            sentence, self._text = self._text[:cut].strip(), self._text[cut:].lstrip()
            if sentence:
                sentences.append(sentence)
        return sentences

    def finish(self) -> list[str]:
        """The rest, the reply being over; afterwards the object is as new."""
        rest, self._text = self._text.strip(), ""
        return [rest] if rest else []


def split_sentences(text: str) -> list[str]:
    """The sentences of a whole text."""
    splitter = SentenceSplitter()
    return splitter.feed(text) + splitter.finish()


def _squeeze(text: str) -> str:
    """White space as one space, or as one line break if it holds one; none at the start."""
    return re.sub(r"\s+", lambda found: "\n" if "\n" in found[0] else " ", text.lstrip())


def _cut(text: str) -> int:
    """Where the first sentence of ``text`` ends for sure, or 0 while that needs more text. More text changes no other answer."""
    window, full = text[: MAX_SENTENCE_CHARS + 1], len(text) > MAX_SENTENCE_CHARS
    line = window.find("\n")
    for end in _END.finditer(window, 0, line + 1 or len(window)):
        following = window[end.end() + 1 : end.end() + 2]
        if not following:
            break
        if _ends_sentence(window[: end.start()], end[0], following):
            return end.end()
    if line >= 0:
        return line + 1
    return _forced_cut(window[:-1]) if full else 0


def _ends_sentence(before: str, mark: str, following: str) -> bool:
    """Whether ``mark`` after ``before`` ends a sentence when ``following`` is the next character."""
    if "!" in mark or "?" in mark:
        return True
    if following.islower():
        return False
    word = before[before.rfind(" ") + 1 :].lstrip(_OPENING)
    if word.lower() in _ABBREVIATIONS and (word.lower() != "no" or following.isdigit()):
        return False
    if word.isdigit():  # "1. Pizza" at the start of a list, "555. 1234" in a phone number
        return not following.isdigit() and word != before.strip()
    return not (len(word) == 1 and word.isupper() and word != "I")


def _forced_cut(head: str) -> int:
    """Where to cut a sentence that is too long: after its last clause, else its last word, else anywhere."""
    clauses = [clause.end() for clause in _CLAUSE.finditer(head)]
    return clauses[-1] if clauses else head.rfind(" ") + 1 or len(head)
