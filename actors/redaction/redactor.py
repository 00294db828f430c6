"""The redactor by patterns: a card, an IBAN, an e-mail address, a national id and a phone number leave as ``[card]`` and so on.

Numbers with check digits are told by them. What is a price, a date, a time or an order number by its form or the words before it stays. A
number that is spread over two sentences or turns is two numbers, neither of which is known; so is one that a script writes backwards.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from actors.redaction.cards import find_cards
from actors.redaction.ibans import find_ibans
from actors.redaction.national_ids import NATIONAL_IDS, find_national_ids
from actors.redaction.phones import find_phones
from actors.redaction.spoken import cut_run, find_spoken
from protocols import ConfigurationError, RedactionSink

MAX_CHARS: Final = 250_000
"""A longer text is left out as a whole."""
REMEMBERED: Final = 2_048
"""Texts whose redaction is remembered: a checkpoint holds those of the one before it again."""
CUT: Final = "[…]"
TOO_LONG: Final = "[a text that is too long to be redacted]"

_EMAIL: Final = re.compile(r"(?<![\w.+%-])[\w.+%'-]{1,64}@(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_CUT_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{0,64}$")
_CUT_NUMBER: Final = re.compile(
    r"(?<![^\W_])(?:[A-Za-z]{2}(?=\d))?[+(]{0,2}\d(?:[ \u00a0\u202f.\-\u2010\u2011\u2013/()]{0,3}[\dA-Z]){4,40}[ .\-]?$"
)
_TAIL: Final = 120

Span = tuple[int, int]


class PatternRedactor:
    """Redacts by patterns, for the national ids of ``countries`` (ISO 3166 codes; all that it knows, by default). Pure.

    Raises:
        ConfigurationError: it does not know a country.
    """

    def __init__(self, countries: Iterable[str] = tuple(NATIONAL_IDS)) -> None:
        self._countries = frozenset(country.upper() for country in countries)
        if unknown := self._countries - NATIONAL_IDS.keys():
            known = ", ".join(NATIONAL_IDS)
            raise ConfigurationError(f"countries={sorted(unknown)}: their national ids are not known; leave them out (known: {known})")
        self._redacted = lru_cache(REMEMBERED)(self._redact)

    def redact(self, text: str, sink: RedactionSink, *, whole: bool = True) -> str:  # noqa: ARG002 - see below
        """See `protocols.redaction.Redactor`; all sinks are treated alike."""
        if len(text) > MAX_CHARS:
            return TOO_LONG
        return self._redacted(text, whole)

    def _redact(self, text: str, whole: bool) -> str:  # noqa: FBT001 - see `redact`
        left = _without(text, self._find(text))
        return left if whole else _without(left, _cut(left))

    def _find(self, text: str) -> Iterator[tuple[str, Span]]:
        """What is found, by rank: where two overlap the first one counts."""
        yield from (("card", span) for span in find_cards(text))
        yield from (("iban", span) for span in find_ibans(text))
        yield from (("email", match.span()) for match in _EMAIL.finditer(text))
        yield from find_spoken(text)
        yield from (("id", span) for span in find_national_ids(text, self._countries))
        yield from (("phone", span) for span in find_phones(text))


def _cut(text: str) -> Iterator[tuple[str, Span]]:
    """What stands at the end of a text that may go on there, and may be the beginning of what is to be redacted."""
    offset = max(0, len(text) - _TAIL)
    for form in (_CUT_EMAIL, _CUT_NUMBER):
        for match in form.finditer(text[offset:]):
            yield CUT, (match.start() + offset, len(text))
    if (run := cut_run(text[offset:])) is not None:
        yield CUT, (run[0] + offset, len(text))


def _without(text: str, found: Iterable[tuple[str, Span]]) -> str:
    taken: list[tuple[int, int, str]] = []
    for label, (start, end) in found:
        if all(end <= other_start or start >= other_end for other_start, other_end, _ in taken):
            taken.append((start, end, label if label == CUT else f"[{label}]"))
    if not taken:
        return text
    pieces, at = [], 0
    for start, end, label in sorted(taken):
        pieces += [text[at:start], label]
        at = end
    return "".join((*pieces, text[at:]))
