"""Card numbers: 13 to 19 digits in a row or in groups, told from other numbers by Luhn's check digit."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from actors.redaction.checks import luhn

Span = tuple[int, int]

SHORTEST, LONGEST = 13, 19
MAX_GROUPS: Final = LONGEST

_RUN: Final = re.compile(r"\d(?:[ \u00a0\u202f\u2009\-\u2010\u2011\u2013]{0,2}\d)*+")  # it cannot fail once begun: linear
_ODDLY_SEPARATED: Final = re.compile(r"(?<![\w./])\d{4}([./_\n])(?:\d{4}\1\d{4}\1\d{4}|\d{6}\1\d{5})(?![\w./]\d|\w)")
_GROUP: Final = re.compile(r"\d+")
_KNOWN_SHAPES: Final = ((4, 6, 5), (4, 6, 4), (4, 4, 5), (6, 10), (6, 13))
_BRANDS: Final = {
    13: re.compile("4"),
    14: re.compile("3(?:0[0-59]|[689])"),
    15: re.compile("3[47]"),
    16: re.compile("4|5[0-8]|2[2-7]|3[5689]|30|6|8[12]|9792"),
    17: re.compile("6|5[06-8]"),
    18: re.compile("6|5[06-8]"),
    19: re.compile("4|6|5[06-8]|3[5689]|30"),
}
_TIME: Final = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d(?:\d{3})?")
_COUNT_OR_BOOK: Final = re.compile(r"1\d{12}|97[89]\d{10}")
"""Thirteen digits that are milliseconds since the epoch, or an ISBN."""
_NAMED_OTHERWISE: Final = re.compile(r"(?<!\w)(?:imei|iccid|isbn|ean|gtin|upc)(?:\W{0,3}(?:number|is|nr|no))?\W{0,3}$", re.IGNORECASE)
_NAME_CHARS: Final = 24


def find_cards(text: str) -> Iterator[Span]:
    """Where card numbers stand; what is named otherwise (an IMEI has Luhn's digit too) is none."""
    return (span for span in _candidates(text) if not _NAMED_OTHERWISE.search(text[max(0, span[0] - _NAME_CHARS) : span[0]]))


def _candidates(text: str) -> Iterator[Span]:
    for run in _RUN.finditer(text):
        groups = [(match.start() + run.start(), match.end() + run.start()) for match in _GROUP.finditer(run[0])]
        if _joined(text[max(0, run.start() - 2) : run.start()]):
            groups = groups[1:]
        if _joined(text[run.end() : run.end() + 2][::-1]):
            groups = groups[:-1]
        yield from _in_groups(text, groups)
    for match in _ODDLY_SEPARATED.finditer(text):
        digits = match[0].replace(match[1], "")
        if _of_a_brand(digits) and is_card(digits):
            yield match.span()


def _joined(neighbours: str) -> bool:
    """Whether a group of digits is part of a word or a decimal number; ``neighbours`` are the two characters beside it, outside first."""
    return bool(neighbours) and (neighbours[-1].isalpha() or neighbours[-1] == "_" or (neighbours[-1] in ".," and neighbours[:1].isdigit()))


def is_card(digits: str) -> bool:
    """Whether these digits, all of them, are a card number as far as digits can tell."""
    return SHORTEST <= len(digits) <= LONGEST and _plausible(digits) and luhn(digits)


def _in_groups(text: str, groups: Sequence[Span]) -> Iterator[Span]:
    sizes = [end - start for start, end in groups]
    first = 0
    while first < len(groups):
        last = _longest_card(text, groups, sizes, first)
        if last is None:
            first += 1
        else:
            yield groups[first][0], groups[last][1]
            first = last + 1


def _longest_card(text: str, groups: Sequence[Span], sizes: Sequence[int], first: int) -> int | None:
    """The last group of the longest card number that begins with the group ``first``."""
    found, digits = None, ""
    for last in range(first, min(len(groups), first + MAX_GROUPS)):
        digits += text[slice(*groups[last])]
        if len(digits) > LONGEST:
            break
        if len(digits) >= SHORTEST and is_card(digits):
            whole_run = first == 0 and last == len(groups) - 1
            if _usual(tuple(sizes[first : last + 1])) or (whole_run and _of_a_brand(digits)):
                found = last
    return found


def _usual(shape: tuple[int, ...]) -> bool:
    """Whether cards are written so: in one, in equal groups with perhaps a shorter last one, or as the brands print it."""
    return shape in _KNOWN_SHAPES or (len(set(shape[:-1])) <= 1 and shape[-1] <= shape[0])


def _of_a_brand(digits: str) -> bool:
    brand = _BRANDS.get(len(digits))
    return brand is not None and brand.match(digits) is not None


def _plausible(digits: str) -> bool:
    """Not a time, a book, or the same digit over and over."""
    return len(set(digits)) > 1 and digits[0] != "0" and not _TIME.fullmatch(digits) and not _COUNT_OR_BOOK.fullmatch(digits)
