"""Phone numbers: international ones (E.164, with + or 00), those in the groups of a country, and any near a word for phone."""

import re
from collections.abc import Iterator
from typing import Final

Span = tuple[int, int]

CONTEXT_CHARS: Final = 40

_SEPARATOR: Final = r"[ \u00a0\u202f.\-\u2010\u2011\u2013/()]"
_BEFORE: Final = r"(?<![\w#$€£¥₹+\-/])(?<!\d[ .,])"
_AFTER: Final = r"(?!\w|[.,\-/:]\d|\s?(?:[$€£¥₹%]|(?:usd|eur|euros?|dollars?|pounds?|reais|pesos?|rupees?|km|kg)\b))"

_INTERNATIONAL: Final = re.compile(rf"(?<![\w+])(?:\+|00(?=[1-9]))[1-9](?:{_SEPARATOR}{{0,3}}\d){{6,14}}(?!\w)", re.IGNORECASE)
_NATIONAL: Final = tuple(
    re.compile(rf"{_BEFORE}(?:{form}){_AFTER}", re.IGNORECASE)
    for form in (
        r"(?:1[ .\-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .\-])[2-9]\d{2}[ .\-]\d{4}",  # US, Canada
        r"\(?0[1-9]\d{0,4}\)?(?:[ .\-/]{1,3}\d{2,8}){1,4}",  # with the prefix 0: United Kingdom, Germany, France, Netherlands …
        r"0[1-9]\d{8,9}",
        r"\(\d{2}\) ?9?\d{4}[ \-]?\d{4}|\d{2} 9\d{4}-\d{4}",  # Brazil
        r"[679]\d{2}[ \-]\d{3}[ \-]\d{3}|[6-9]\d{2}(?: \d{2}){3}|[89]\d \d{3} \d{2} \d{2}",  # Spain, Portugal
        r"3\d{2}[ \-]\d{6,7}|3\d{2} \d{3} \d{4}",  # mobiles of Italy
        r"[6-9]\d{4}[ \-]\d{5}",  # India
    )
)
_LONE: Final = re.compile(_BEFORE + rf"\(?\d(?:{_SEPARATOR}{{0,2}}\d){{6,14}}" + _AFTER, re.IGNORECASE)
_MONEY: Final = re.compile(r"(?:usd|eur|gbp|brl|inr|rs\.?|r\$|mxn|chf|[$€£¥₹])\s?$", re.IGNORECASE)
_DATE: Final = re.compile(r"\d{1,2}([./\-])\d{1,2}\1\d{2,4}|\d{4}([./\-])\d{1,2}\2\d{1,2}")
_MEANT: Final = re.compile(
    r"(?<!\w)(?:(?:tele)?phone|tel|telephone|mobile|cell(?:phone)?|whatsapp|call (?:me|us|him|her|back)|reach (?:me|us)|ring me|text me"
    r"|my number(?:'s| is)?|mi n[úu]mero|meine nummer|mon num[ée]ro|o? ?meu n[úu]mero|il mio numero"
    r"|tel[ée]fono|m[óo]vil|celular|ll[áa]m\w+|whats|telefon\w*|handy\w*|mobilnummer|rufen|t[ée]l[ée]phone|portable|appele\w+"
    r"|telefone|telem[óo]vel|lig\w+ para|cellulare|फोन)(?!\w)",
    re.IGNORECASE,
)
_NOT_MEANT: Final = re.compile(
    r"(?<!\w)(?:order|invoice|ticket|tracking|reference|ref|booking|confirmation|account|item|part|serial|sku|isbn|pedido|factura|bestell\w*"
    r"|rechnung\w*|auftrag\w*|commande|facture|encomenda|fatura|ordine|fattura)(?!\w)",
    re.IGNORECASE,
)
_LEAST, _MOST = 9, 12
"""Digits of a national number with its prefix."""


def find_phones(text: str) -> Iterator[Span]:
    """Where phone numbers stand."""
    for match in _INTERNATIONAL.finditer(text):
        if match[0][0] == "+" or not _last(_NOT_MEANT, text, match.start()):
            yield match.span()
    for form in _NATIONAL:
        for match in form.finditer(text):
            digits = sum(char.isdigit() for char in match[0])
            if _LEAST <= digits <= _MOST and not _last(_NOT_MEANT, text, match.start()) and not _is_other(text, match):
                yield match.span()
    for match in _LONE.finditer(text):
        if phone_is_meant(text, match.start()) and not _is_other(text, match):
            yield match.span()


def phone_is_meant(text: str, start: int) -> bool:
    """Whether what stands before ``start`` speaks of a phone, and no later of an order or the like."""
    return _last(_MEANT, text, start) > _last(_NOT_MEANT, text, start)


def other_is_meant(text: str, start: int) -> bool:
    """Whether what stands before ``start`` speaks of an order, an invoice or the like."""
    return _last(_NOT_MEANT, text, start) > 0


def _is_other(text: str, match: re.Match[str]) -> bool:
    """Whether it is a date or a price."""
    return bool(_DATE.match(match[0].strip("("))) or bool(_MONEY.search(text[max(0, match.start() - 5) : match.start()]))


def _last(words: re.Pattern[str], text: str, start: int) -> int:
    """Where the last of the words before ``start`` ends in its context; 0: there is none."""
    return max((match.end() for match in words.finditer(text[max(0, start - CONTEXT_CHARS) : start])), default=0)
