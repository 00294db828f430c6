"""Cuts a reply, which a model streams in pieces of any size, into sentences for speech.

A sentence is spoken as soon as it is whole. "4.50", "Dr. Smith", "e.g. this", "am 3. Oktober" and "555. 1234" are not torn. However the
text is cut into pieces, the sentences are the same, and put together again they are the text (but for the amount of white space).

Unicode (TR 29, section 5) calls the marks that end a sentence STerm, and the full stop, which alone is ambiguous, ATerm. STerm beyond ASCII
end one wherever they stand, since many of their scripts set no space between sentences; so do ASCII's within text of such a script. Thai
and Lao have no mark: there a space between two words is taken for one. Greek asks with a semicolon.

Whether a full stop ends a sentence is told from the word before it, the same for all languages, since a reply does not say which it is in.
By its form a word is an abbreviation if it has no vowel ("Hwy" has one), stops inside ("U.S.A", "i.d.R"), or is a single letter beside
another; the rest are lists. Where a doubt is left the text is not cut: two sentences in one are spoken a little later, half of one sounds
wrong.
"""

import re
from dataclasses import dataclass
from typing import Final

from actors.media.abbreviations import ABBREVIATIONS, BEFORE_NUMBERS, GERMAN_MONTHS, TITLES

MAX_SENTENCE_CHARS: Final = 300
"""A longer sentence is cut at its last clause, or word, or hard."""

_ORDINAL_AFTER: Final = re.compile(
    r"ab|am|beim|bis|im|ins|seit|und|oder|vom|zum|zur|d(?:as|e[mnrs]|ie)|(?:k?ein|[mds]ein|ihr|unser|eu(?:e)?r|jed|dies)(?:e[mnrs]?)?"
    r"|(?:mon|diens|donners|frei|sams|sonn)tag,?|mittwoch,?"
)
"""What stands before an ordinal number in German, where the noun after it begins with a capital letter like a sentence."""
_CLOSERS: Final = r"\"'”’“»›)\]」』）】》〉"  # noqa: RUF001 - these are meant
_STERM: Final = (
    "\u0589\u061d-\u061f\u06d4\u0700-\u0702\u07f9\u0964\u0965\u104b\u1362\u1367\u1368\u166e\u17d4\u17d5\u1803\u1809\u1944\u1945\u1aa8-\u1aab"
    "\u1b5a\u1b5b\u1b5e\u1b5f\u1c3b\u1c3c\u1c7e\u1c7f\u203c\u203d\u2047-\u2049\u2e2e\u2e3c\u3002\ua4ff\ua60e\ua60f\ua6f3\ua6f7\ua876\ua877"
    "\ua8ce\ua8cf\ua92f\ua9c8\ua9c9\uaa5d-\uaa5f\uaaf0\uaaf1\uabeb\ufe12\ufe15\ufe16\ufe56\ufe57\uff01\uff1f\uff61"
)
"""Unicode's, without those of ASCII and of dead scripts."""
_UNSPACED_LETTER: Final = "[\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
"""Of Burmese, Khmer, Japanese and Chinese."""
_THAI: Final = "[\u0e01-\u0e45\u0e47-\u0e4e\u0e81-\u0ec5\u0ec8-\u0ecd]"
"""Thai and Lao, without the mark that repeats a word, which has spaces around it."""
_END: Final = re.compile(
    rf"(?:[.!?…]+|(?<=[\u0370-\u03ff\u1f00-\u1fff])[;\u037e])[{_CLOSERS}]*(?=\s)"
    rf"|(?P<sure>[!?]*[{_STERM}][!?{_STERM}]*[{_CLOSERS}]*(?=[^!?{_STERM}{_CLOSERS}])"
    rf"|(?<={_UNSPACED_LETTER})[.!?]+[{_CLOSERS}]*(?={_UNSPACED_LETTER})|(?<={_THAI})\s(?={_THAI}))"
)
_CLAUSE: Final = re.compile(rf"[,;:—–،؛၊፣-፥][{_CLOSERS}]*(?=\s)|[，、；：][{_CLOSERS}]*")  # noqa: RUF001 - these are meant
_OPENING: Final = "\"'“„«‹([¿¡「『（【《〈"  # noqa: RUF001 - these are meant
_AMBIGUOUS: Final = re.compile(r"[.…]+[^.…!?]*$")
_WORD: Final = re.compile(r"\w+")
_INNER_STOPS: Final = re.compile(r"[^\W\d_]{1,4}(?:\.-?[^\W\d_]{1,4})+")
_NO_VOWEL: Final = re.compile(r"(?=..)[B-DF-HJ-NP-TV-XZ]?[b-df-hj-np-tv-xzß]+")
_SOUNDS: Final = re.compile(r"(?:h+m+|m+|m+h+m+|p?s+h+|b+r+|p+s+t+|t+s+k+|z+|g+r+r+|p+f+t*)", re.IGNORECASE)
_ORDINAL_DIGITS: Final = 2


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
        return self.feed("\n")


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
        if end["sure"]:
            return end.end()
        following = window[end.end() + 1 :]
        before = window[: end.start()]
        if not following or (_needs_next_word(before) and following.isalnum() and not full):  # its first word may not be whole
            break
        if _ends_sentence(before, end[0], following):
            return end.end()
    if line >= 0:
        return line + 1
    return _forced_cut(window[:-1]) if full else 0


def _needs_next_word(before: str) -> bool:
    """Whether the word after the mark tells whether the sentence ends: after a number and after a single letter."""
    return before[-1:].isdigit() or (before[-1:].isalpha() and not before[-2:-1].strip(f"{_OPENING} ."))


def _ends_sentence(before: str, mark: str, following: str) -> bool:
    """Whether ``mark`` after ``before`` ends a sentence that ``following`` would go on."""
    if not _AMBIGUOUS.match(mark):
        return True
    if following[0].islower():
        return False
    words = before.split(" ")
    word = words[-1].lstrip(_OPENING)
    if _is_abbreviation(word, after_number=words[-2:-1] != [] and words[-2][-1:].isdigit()):
        return False
    is_letter = len(word) == 1 and word != "I"
    if following[0].isdigit() and (is_letter or word.lower() in BEFORE_NUMBERS or word.endswith("str")):  # "p. 4", "Jan. 3", "Hauptstr. 4"
        return False
    if word.isdigit():  # "1. Pizza" at the start of a list, "555. 1234" in a phone number
        return not following[0].isdigit() and word != before.strip() and not _is_ordinal(words, following)
    return not (is_letter and word.isalpha() and _is_initial(words, word, following))


def _is_abbreviation(word: str, *, after_number: bool) -> bool:
    """Whether ``word`` is one, by its form or by the lists. After a number what has no vowel is a unit, which may end a sentence."""
    lower = word.lower()
    if lower in ABBREVIATIONS or word in TITLES or _INNER_STOPS.fullmatch(lower):
        return True
    last = re.split(r"[-.]", lower)[-1]
    return last in ABBREVIATIONS or (not after_number and bool(_NO_VOWEL.fullmatch(word)) and not _SOUNDS.fullmatch(word))


def _is_initial(words: list[str], word: str, following: str) -> bool:
    """Whether the letter that ends ``words`` stands for a word: "J. Smith", "z. B. Pizza"."""
    beside = len(words) > 1 and len(words[-2].rstrip(".")) == 1 and words[-2].endswith(".")
    return not word.islower() or not word.isascii() or beside or (following[1:2] == "." and following[0].isalpha())


def _is_ordinal(words: list[str], following: str) -> bool:
    """Whether the number that ends ``words`` is a German ordinal: "am 3. Oktober", "im 2. Stock"."""
    if len(words[-1]) > _ORDINAL_DIGITS:
        return False
    article = words[-2] if len(words) > 1 else ""
    is_english = article == "am" and words[-3:-2] == ["I"]
    next_word = _WORD.match(following)
    is_month = next_word is not None and next_word[0].lower() in GERMAN_MONTHS
    return (_ORDINAL_AFTER.fullmatch(article.lower()) is not None and not is_english) or is_month


def _forced_cut(head: str) -> int:
    """Where to cut a sentence that is too long: after its last clause, else its last word, else anywhere."""
    clauses = [clause.end() for clause in _CLAUSE.finditer(head)]
    return clauses[-1] if clauses else head.rfind(" ") + 1 or len(head)
