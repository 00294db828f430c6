"""IBANs (ISO 13616): a country, two check digits, as many characters as the country's have; in groups or in one."""

import re
from collections.abc import Iterator
from typing import Final

from actors.redaction.checks import mod_97

Span = tuple[int, int]

_BEGINNING: Final = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?=[ \u00a0\u202f-]?[A-Za-z0-9])")
_GAPS: Final = " \u00a0\u202f-"
_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22,
    "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22,
    "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
    "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27,
    "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31,
    "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def find_ibans(text: str) -> Iterator[Span]:
    """Where IBANs stand."""
    for match in _BEGINNING.finditer(text):
        wanted = _LENGTHS.get(match[0][:2].upper())
        if wanted is None:
            continue
        taken, end = _take(text, match.start(), wanted)
        if len(taken) == wanted and not text[end : end + 1].isalnum() and mod_97(taken):
            yield match.start(), end


def _take(text: str, start: int, wanted: int) -> tuple[str, int]:
    """As many letters and digits from ``start`` on, one gap between any two; and where they end."""
    taken, at = "", start
    while len(taken) < wanted and at < len(text):
        char = text[at]
        if char.isascii() and char.isalnum():
            taken += char.upper()
        elif char not in _GAPS or text[at - 1] in _GAPS:
            break
        at += 1
    return taken, at
