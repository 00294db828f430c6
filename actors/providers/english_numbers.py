"""Whole numbers in English words, for whoever says them and whoever reads them.

Made here, in thirty lines: num2words (0.5.14) loads the words of 60 languages, 3.8 MB, for those of one.
"""

import re
from typing import Final

SMALL: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
"""Those with words of their own, by their value."""
TENS: Final = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
"""By how many tens they are."""
_SCALES: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1_000, "thousand"), (100, "hundred"))
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """A whole number below 10**15 in words."""
    if number < 20:  # noqa: PLR2004 - the numbers with words of their own
        return SMALL[number]
    if number < 100:  # noqa: PLR2004
        return TENS[number // 10] + (f"-{SMALL[number % 10]}" if number % 10 else "")
    value, word = next(scale for scale in _SCALES if number >= scale[0])
    return f"{cardinal(number // value)} {word}" + (f" {cardinal(number % value)}" if number % value else "")


def ordinal(number: int) -> str:
    """A whole number below 10**15 as the place in a row."""
    head, mark, last = re.match(r"(.*?)([ -]?)(\w+)$", cardinal(number)).groups()  # type: ignore[union-attr]  # words always match
    said = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return f"{head}{mark}{said}"
