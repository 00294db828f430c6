"""Numbers by which states know their people: how each is written, and by which check digits it is told from other numbers.

A number whose form says little (nine digits and one check digit: every tenth order number has that) counts only near a word that names it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from actors.redaction import checks
from actors.redaction.phones import other_is_meant

CONTEXT_CHARS: Final = 40
"""How far before a number, or right after it, a word may stand that names it."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class NationalId:
    """One country's number: its form, its check, and the words of which one has to stand near it (None: its form tells)."""

    form: re.Pattern[str]
    check: Callable[[str], bool]
    near: re.Pattern[str] | None = None


_SEPARATORS: Final = re.compile(r"[\s.\-/]")


def find_national_ids(text: str, countries: frozenset[str]) -> Iterator[Span]:
    """Where numbers of these countries (ISO 3166 codes) stand."""
    for country, kinds in NATIONAL_IDS.items():
        if country in countries:
            for kind in kinds:
                for match in kind.form.finditer(text):
                    if not kind.check(_SEPARATORS.sub("", match[0]).upper()) or not _named(text, *match.span(), kind.near):
                        continue
                    if not match[0].isdigit() or not other_is_meant(text, match.start()):
                        yield match.span()


def _named(text: str, start: int, end: int, near: re.Pattern[str] | None) -> bool:
    return near is None or bool(
        near.search(text[max(0, start - CONTEXT_CHARS) : start]) or near.search(text[end : end + CONTEXT_CHARS // 2])
    )


def _form(pattern: str) -> re.Pattern[str]:
    """Not within a longer word or number."""
    return re.compile(rf"(?<![\w.\-/])(?:{pattern})(?![\w]|[.\-/,]\d)", re.IGNORECASE)


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


_SSN: Final = _words("ssn", r"social security(?: number)?", "social")
_SIN: Final = _words("sin", r"social insurance(?: number)?", "nas", r"num[ée]ro d'assurance sociale")
_DE: Final = _words(r"steuer[\w-]*", "idnr", "tin", "tax id")
_NIF: Final = _words("nif", "contribuinte", r"n[úu]mero fiscal", "tax number")
_BSN: Final = _words("bsn", r"burgerservice\w*", r"sofi\w*")
_AADHAAR: Final = _words(r"aadha?ar", r"uid(?:ai)?", "आधार")

NATIONAL_IDS: Final = {
    "US": (
        NationalId(_form(r"\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4}"), checks.ssn),
        NationalId(_form(r"\d{9}"), checks.ssn, _SSN),
    ),
    "CA": (NationalId(_form(r"\d{3}[ -]?\d{3}[ -]?\d{3}"), checks.sin, _SIN),),
    "GB": (NationalId(_form(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"), checks.nino),),
    "DE": (
        NationalId(_form(r"\d{2} \d{3} \d{3} \d{3}"), checks.steuer_id),
        NationalId(_form(r"\d{11}"), checks.steuer_id),
        NationalId(_form(r"\d{2}(?: ?\d{3}){3}"), checks.iso_7064_mod_11_10, _DE),
    ),
    "ES": (
        NationalId(
            _form(r"\d{8}[ -]?[A-HJ-NP-TV-Z]|\d{2}\.\d{3}\.\d{3}[ -]?[A-HJ-NP-TV-Z]|[XYZ][ -]?\d{7}[ -]?[A-HJ-NP-TV-Z]"), checks.dni
        ),
    ),
    "FR": (NationalId(_form(r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}"), checks.nir),),
    "PT": (NationalId(_form(r"\d{3} ?\d{3} ?\d{3}"), checks.nif, _NIF),),
    "IT": (NationalId(_form(r"[A-Z]{3} ?[A-Z]{3} ?\d{2}[A-EHLMPR-T]\d{2} ?[A-Z]\d{3}[A-Z]"), checks.codice_fiscale),),
    "NL": (NationalId(_form(r"\d{9}|\d{4}[ .]\d{2}[ .]\d{3}|\d{3} \d{3} \d{3}"), checks.bsn, _BSN),),
    "BE": (NationalId(_form(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}"), checks.rijksregister),),
    "CH": (NationalId(_form(r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}"), checks.ahv),),
    "PL": (NationalId(_form(r"\d{11}"), checks.pesel, _words("pesel")),),
    "BR": (NationalId(_form(r"\d{3}\.\d{3}\.\d{3}-\d{2}|\d{11}|\d{9}-\d{2}"), checks.cpf),),
    "IN": (
        NationalId(_form(r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}"), checks.aadhaar),
        NationalId(_form(r"[2-9]\d{11}"), checks.aadhaar, _AADHAAR),
        NationalId(_form(r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]"), lambda _text: True),
    ),
}
