"""Numbers as people say them and as recognisers write them: "twenty three", "a dozen", "555-1234", "double five"."""

from collections.abc import Sequence
from typing import Final

from actors.providers.english_numbers import SMALL, TENS, cardinal

_SMALL: Final = {word: value for value, word in enumerate(SMALL)}
_TEN_WORDS: Final = {word: 10 * value for value, word in enumerate(TENS) if value > 1}
_PHRASES: Final = {
    ("half", "a", "dozen"): 6,
    ("a", "dozen"): 12,
    ("dozen",): 12,
    ("a", "couple", "of"): 2,
    ("a", "couple"): 2,
    ("a", "pair", "of"): 2,
}
_LARGEST: Final = 999_999
_MAX_DIGITS: Final = 6
_DIGIT_WORDS: Final = {"oh": "0", "o": "0", **{word: str(value) for word, value in _SMALL.items()}}
_REPEATS: Final = {"double": 2, "triple": 3}
_BETWEEN_DIGITS: Final = frozenset({"and", "dash", "hyphen", "space", "then", "area", "code"})


def read_number(tokens: Sequence[str]) -> tuple[int, int]:
    """The whole number at the start of ``tokens`` and how many of them it takes; ``(0, 0)`` if there is none."""
    for phrase, value in _PHRASES.items():
        if tuple(tokens[: len(phrase)]) == phrase:
            return value, len(phrase)
    if tokens and tokens[0].isdecimal():
        return (int(tokens[0]), 1) if len(tokens[0]) <= _MAX_DIGITS else (0, 0)
    value, used = _below_hundred(tokens)
    if used and tokens[used : used + 1] == ["hundred"]:
        value, used = value * 100, used + 1
        after = used + (tokens[used : used + 1] == ["and"])
        rest, more = _below_hundred(tokens[after:])
        if more:
            value, used = value + rest, after + more
    return value, used


def _below_hundred(tokens: Sequence[str]) -> tuple[int, int]:
    if not tokens:
        return 0, 0
    if tokens[0] in _TEN_WORDS:
        ten = _TEN_WORDS[tokens[0]]
        unit = _SMALL.get(tokens[1], 0) if len(tokens) > 1 else 0
        return (ten + unit, 2) if unit in range(1, 10) else (ten, 1)
    return (_SMALL[tokens[0]], 1) if tokens[0] in _SMALL else (0, 0)


def read_digits(tokens: Sequence[str]) -> str:
    """The longest run of digits in ``tokens``, as a phone number is said: digit by digit, in pairs, with "double" and "oh"."""
    best = run = ""
    at = 0
    while at < len(tokens):
        digits, used = digits_at(tokens[at:])
        if used:
            run += digits
            best = max(best, run, key=len)
        elif tokens[at] not in _BETWEEN_DIGITS:
            run = ""
        at += used or 1
    return best


def digits_at(tokens: Sequence[str]) -> tuple[str, int]:
    """The digits that ``tokens`` begin with, in the way of a phone number, and how many tokens they take; ``("", 0)`` if none."""
    times = _REPEATS.get(tokens[0], 0)
    if times:
        digits, used = digits_at(tokens[1:]) if len(tokens) > 1 else ("", 0)
        return (digits[0] * (times - 1) + digits, used + 1) if digits else ("", 0)
    if tokens[0].isdecimal():
        return tokens[0], 1
    if tokens[0] in _TEN_WORDS:
        value, used = _below_hundred(tokens)
        return str(value), used
    digits = _DIGIT_WORDS.get(tokens[0], "")
    if digits and tokens[1:2] == ["hundred"]:
        return digits + "00", 2
    return digits, 1 if digits else 0


def number_words(value: int) -> str:
    """``value`` in English words; beyond 999,999, or negative, as it is written."""
    if not 0 <= value <= _LARGEST:
        return str(value)
    return cardinal(value).replace("-", " ")


def spoken_digits(digits: str) -> str:
    """The digits in ``digits``, one by one, with a pause after each three; the last group may have four."""
    plain = [SMALL[int(digit)] for digit in digits if digit in "0123456789"]
    groups = [plain[at : at + 3] for at in range(0, len(plain), 3)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return ", ".join(" ".join(group) for group in groups)


def spoken_money(amount: float) -> str:
    """An amount of dollars as it is said."""
    dollars, cents = divmod(round(amount * 100), 100)
    parts = [_counted(dollars, "dollar")] if dollars or not cents else []
    return " and ".join([*parts, *([_counted(cents, "cent")] if cents else [])])


def _counted(count: int, name: str) -> str:
    return f"{number_words(count)} {name}{'' if count == 1 else 's'}"
