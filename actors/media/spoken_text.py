"""Where in a sentence its voice is: from seconds of audio to characters of text, exact where the voice tells its words, else estimated.

An estimate counts the text in the time that it takes to say it: a letter counts one, a digit `DIGIT` and a symbol `SYMBOL` (they are said
as words), a character of a script without spaces `WIDE` (it is a syllable or two). Two estimates are made of it. `heard_chars` is the
likeliest place, for what history keeps. `surely_spoken` is a place that the voice has passed for sure, for speech that is made anew and
must not leave out a word; it is the start of a clause, so that the voice does not begin within one.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final

from protocols import TimedWord

UNITS_PER_S: Final = 15.0
"""How fast a voice speaks, where nothing is known of it."""
SLOWEST_UNITS_PER_S: Final = 8.0
"""How fast it speaks at least, where nothing is known of it."""
STEADINESS: Final = 0.65
"""A voice is nowhere further behind the slowest pace that it is known to have than by this factor; sentences of the offline voice are said
at 11.4 to 16.7 units per second."""
MAX_CLAUSE_CHARS: Final = 60
"""A longer clause is cut at its last space, or hard."""
DIGIT: Final = 4.0
SYMBOL: Final = 6.0
WIDE: Final = 3.0
_CLAUSE_END: Final = re.compile(r"[,;:.!?…—–،؛]+[\"'”’»)\]]*\s+|[，、；：。！？]+[」』”’）]*")  # noqa: RUF001 - these are meant

_AFTER_WORD: Final = re.compile(r"[^\w\s]*(?:\s+|$)")


def units(text: str) -> float:
    """The length of ``text`` in the time that it takes to say it; a letter is one."""
    return _reached(text)[-1]


def pace(text: str, total_s: float) -> float | None:
    """How fast a voice is that needs ``total_s`` for ``text``, in units per second; None where that is too little to tell."""
    length = units(text)
    return length / total_s if length >= MAX_CLAUSE_CHARS / 3 and total_s > 0 else None


def heard_chars(text: str, played_s: float, total_s: float | None, words: Sequence[TimedWord] = ()) -> int:
    """How many characters of ``text`` were heard in its first ``played_s`` of ``total_s`` seconds (None: not known yet); whole words.

    With ``words`` a word counts once half of it was heard; text after the last of them is estimated.
    """
    if played_s <= 0:
        return 0
    if total_s is not None and played_s >= total_s:
        return len(text)
    char, said_s = 0, 0.0
    for word, end in _found(text, words):
        if (word.start_ms + word.end_ms) / 2 > played_s * 1000:
            return char
        char, said_s = end, word.end_ms / 1000
    rest = text[char:]
    left_s = max(0.0, played_s - said_s)
    likely = units(rest) / UNITS_PER_S if total_s is None else total_s - said_s
    wanted = units(rest) * min(1.0, left_s / likely) if likely > 0 else units(rest)
    return _without_space(text, max(char, _word_end(text, char + _chars(rest, wanted))))


def surely_spoken(text: str, played_s: float, units_per_s: float | None, words: Sequence[TimedWord] = ()) -> int:
    """How many characters of ``text`` need not be said again when only its first ``played_s`` are heard.

    With ``words``: those before the first that is not whole. Else those before a clause that has surely been begun, by a voice that says
    ``units_per_s`` (None: not known).
    """
    whole = [end for word, end in _found(text, words) if word.end_ms <= played_s * 1000]
    if whole:
        return _next_word(text, whole[-1])
    passed = _chars(text, played_s * (SLOWEST_UNITS_PER_S if units_per_s is None else units_per_s * STEADINESS))
    return max(start for start in clause_starts(text) if start <= passed)


@lru_cache(maxsize=64)
def clause_starts(text: str) -> tuple[int, ...]:
    """Where the clauses of ``text`` begin, the first at 0; none is longer than `MAX_CLAUSE_CHARS`."""
    starts = [0]
    for start in (*(end.end() for end in _CLAUSE_END.finditer(text) if end.end() < len(text)), len(text)):
        while start - starts[-1] > MAX_CLAUSE_CHARS:
            window = text[starts[-1] : starts[-1] + MAX_CLAUSE_CHARS]
            starts.append(starts[-1] + (window.rfind(" ") + 1 or MAX_CLAUSE_CHARS))
        if starts[-1] < start < len(text):
            starts.append(start)
    return tuple(starts)


def _found(text: str, words: Sequence[TimedWord]) -> list[tuple[TimedWord, int]]:
    """The words with their ends in ``text``; one that does not stand there (a number that is said in words) is left out."""
    found, at = [], 0
    for word in words:
        piece = word.text.strip()
        start = text.find(piece, at) if piece else -1
        if start >= 0:
            at = start + len(piece)
            found.append((word, at))
    return found


def _unit(char: str) -> float:
    if char.isdigit():
        return DIGIT
    if char in "%&@#" or unicodedata.category(char) in ("Sc", "Sm", "So"):
        return SYMBOL
    return WIDE if unicodedata.east_asian_width(char) in "WF" else 1.0


@lru_cache(maxsize=64)
def _reached(text: str) -> tuple[float, ...]:
    """The length of each beginning of ``text``; kept, for speech that is heard is asked about again and again."""
    return tuple(accumulate(map(_unit, text), initial=0.0))


def _chars(text: str, wanted: float) -> int:
    """How many characters of ``text`` make so many units."""
    return bisect_right(_reached(text), wanted + 1e-6) - 1  # the addition undoes the rounding of a division


def _word_end(text: str, chars: int) -> int:
    """The end of the last whole word within the first ``chars`` characters."""
    if chars >= len(text) or text[chars].isspace() or unicodedata.east_asian_width(text[chars]) in "WF":
        return chars
    return text.rfind(" ", 0, chars) + 1


def _next_word(text: str, char: int) -> int:
    """Where the text goes on after the word that ends at ``char``: behind its punctuation and the space after that."""
    over = _AFTER_WORD.match(text, char)
    return over.end() if over else char


def _without_space(text: str, chars: int) -> int:
    return len(text[:chars].rstrip())
