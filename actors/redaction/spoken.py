"""Digits that are spoken in words ("four one double one …"): card numbers among them, and any that are said to be a phone's."""

import re
from collections.abc import Iterator
from typing import Final

from actors.redaction.cards import SHORTEST, is_card
from actors.redaction.phones import phone_is_meant

Span = tuple[int, int]

PHONE_DIGITS: Final = 7
"""As many in a row, where a phone is spoken of."""
CUT_DIGITS: Final = 5

_TOKEN: Final = re.compile(r"[^\W_]+")
_MAX_GAP: Final = 3
_BY_LANGUAGE: Final = (
    "zero one two three four five six seven eight nine",
    "oh won too tree for five six seven ate niner",
    "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "null eins zwei drei vier fünf sechs sieben acht neun",
    "zéro un deux trois quatre cinq six sept huit neuf",
    "zero um dois três quatro cinco seis sete oito nove",
    "zero uno due tre quattro cinque sei sette otto nove",
    "nul een twee drie vier vijf zes zeven acht negen",
)
_HOMOPHONES: Final = {"won", "too", "tree", "for", "ate"}
_DIGITS: Final = {word: str(value) for words in _BY_LANGUAGE for value, word in enumerate(words.split()) if word not in _HOMOPHONES} | {
    "zwo": "2",
    "meia": "6",
    "uma": "1",
    "duas": "2",
    "o": "0",
}
_TIMES: Final = {"double": 2, "doble": 2, "doppel": 2, "triple": 3, "treble": 3}


def find_spoken(text: str) -> Iterator[tuple[str, Span]]:
    """Where ``card`` and ``phone`` numbers stand in words."""
    for digits, words, (start, end) in _runs(text):
        if not words:
            continue
        if any(is_card(digits[: len(digits) - extra]) for extra in (0, 3, 4) if len(digits) - extra >= SHORTEST):
            yield "card", (start, end)
        elif len(digits) >= PHONE_DIGITS and phone_is_meant(text, start):
            yield "phone", (start, end)


def cut_run(text: str) -> Span | None:
    """Where spoken digits stand that reach to the end of the text, if there are `CUT_DIGITS` or more."""
    last: Span | None = None
    for digits, _words, (start, end) in _runs(text):
        last = (start, len(text)) if len(digits) >= CUT_DIGITS and not text[end:].strip(" ,-") else None
    return last


def _runs(text: str) -> Iterator[tuple[str, int, Span]]:
    """Digits that follow each other, as words or as figures; how many of them are words; and where they stand."""
    digits, words, start, end, times = "", 0, 0, 0, 1
    for token in _TOKEN.finditer(text):
        word = token[0].lower()
        said = _DIGITS.get(word, "")
        figures = "".join(str(int(char)) for char in word) if word.isdecimal() else ""
        broken = bool(digits) and (token.start() - end > _MAX_GAP or not set(text[end : token.start()]) <= set(" ,-.\u00a0"))
        if broken or not (said or figures or word in _TIMES):
            if digits:
                yield digits, words, (start, end)
            digits, words, times = "", 0, 1
        if not (said or figures or word in _TIMES):
            continue
        if not digits and times == 1:
            start = token.start()
        if word in _TIMES:
            times = _TIMES[word]
        else:
            digits, words, times = digits + (said or figures) * times, words + bool(said), 1
        end = token.end()
    if digits:
        yield digits, words, (start, end)
