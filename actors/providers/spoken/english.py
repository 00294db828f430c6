"""English: numbers, and what stands for words, as they are said.

Each rule is a pattern and what is said for it. The rules are applied in their order, and what one has said holds no digit that a later one
could take. What no rule is sure of stays as it is written. Each pattern is bounded, so a text takes time in proportion to its length.
"""

import re
from collections.abc import Callable
from typing import Final

from actors.providers.english_numbers import SMALL, cardinal, ordinal

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_MONTH: Final = {name: name for name in _MONTHS} | {name[:3]: name for name in _MONTHS} | {"Sept": "September"}
_MONEY: Final = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny")}
_UNITS: Final = {
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "lb": "pound",
    "lbs": "pound",
    "oz": "ounce",
    "km": "kilometer",
    "cm": "centimeter",
    "mm": "millimeter",
    "mi": "mile",
    "ft": "foot",
    "ml": "milliliter",
    "mL": "milliliter",
    "GB": "gigabyte",
    "MB": "megabyte",
    "TB": "terabyte",
    "kW": "kilowatt",
    "kWh": "kilowatt hour",
    "hrs": "hour",
    "hr": "hour",
    "mins": "minute",
    "secs": "second",
    "km/h": "kilometer per hour",
    "mph": "mile per hour",
    "°C": "degree Celsius",
    "°F": "degree Fahrenheit",
}
_PLURALS: Final = {"foot": "feet", "penny": "pence"}
_FRACTIONS: Final = {"1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters"}

_BEFORE: Final = r"(?<![\w.,:/@#$€£+-])"
_AFTER: Final = r"(?![\w@/]|[.,:-]\d|-\w)"
_AMOUNT: Final = r"\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,9})?|\d{1,15}(?:\.\d{1,9})?"
_MONTH_NAMES: Final = "|".join(sorted(_MONTH, key=len, reverse=True))


def digits(text: str) -> str:
    """The digits of ``text`` one by one; what stands between groups of them is a pause."""
    return ", ".join(" ".join(SMALL[int(digit)] for digit in group) for group in re.findall(r"[0-9]+", text))


def amount(text: str) -> str:
    """A number as it is written: with thousands' commas, decimals, or the leading zeros of a code."""
    whole, _, decimals = text.replace(",", "").partition(".")
    said = digits(whole) if len(whole) > 1 and whole[0] == "0" else cardinal(int(whole))
    return f"{said} point {digits(decimals)}" if decimals else said


def year(number: int) -> str:
    """A year from 1100 to 2099 as it is said."""
    century, rest = divmod(number, 100)
    if 2000 <= number < 2010:  # noqa: PLR2004 - two thousand and its first years
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {cardinal(rest) if rest > 9 else 'oh ' + cardinal(rest)}"  # noqa: PLR2004 - of two digits


def _counted(text: str, unit: str) -> str:
    """An amount of a unit, in the plural unless it is one."""
    if text == "1":
        return f"one {unit}"
    first, _, rest = unit.partition(" ")
    return f"{amount(text)} {_PLURALS.get(first, first + 's')}{' ' + rest if rest else ''}"


def _money(found: re.Match[str]) -> str:
    unit, small = _MONEY[found["sign"]]
    whole, _, cents = found["amount"].partition(".")
    if found["scale"]:
        return f"{amount(found['amount'])} {found['scale']} {unit}s"
    if len(cents) != 2:  # noqa: PLR2004 - of a price
        return _counted(found["amount"], unit)
    parts = [_counted(whole, unit)] if whole.strip("0,") or not int(cents) else []
    parts += [_counted(str(int(cents)), small)] if int(cents) else []
    return " and ".join(parts)


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found["hour"]), found["minute"]
    if hour > 23 or int(minute) > 59:  # noqa: PLR2004 - no time
        return found[0]
    if minute == "00":
        return cardinal(hour) + ("" if found["half"] else " o'clock") if 0 < hour <= 12 else f"{cardinal(hour)} hundred"  # noqa: PLR2004
    return f"{cardinal(hour)} {'oh ' if minute[0] == '0' else ''}{cardinal(int(minute))}"


def _date(month: str, day: str, of_year: str | None) -> str:
    return f"{month} {ordinal(int(day))}" + (f", {year(int(of_year))}" if of_year else "")


def _iso(found: re.Match[str]) -> str:
    number, month, day = int(found[1]), int(found[2]), int(found[3])
    valid = 1100 <= number < 2100 and 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004 - a calendar's
    return _date(_MONTHS[month - 1], found[3], found[1]) if valid else digits(found[0])


def _ordinal(found: re.Match[str]) -> str:
    number = int(found[1])
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return ordinal(number) if found[2] == suffix else found[0]


def _mail(found: re.Match[str]) -> str:
    name = {"@": " at ", ".": " dot ", "-": " dash ", "_": " underscore ", "+": " plus "}
    said = "".join(name.get(letter, f" {SMALL[int(letter)]} " if letter in "0123456789" else letter) for letter in found[0])
    return " ".join(said.split())


def _code(found: re.Match[str]) -> str:
    return " ".join(SMALL[int(letter)] if letter in "0123456789" else letter for letter in found[0])


RULES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = tuple(
    (re.compile(pattern, re.ASCII), say)
    for pattern, say in (
        (r"(?<![\w.+-])[A-Za-z0-9_+-]{1,64}(?:\.[A-Za-z0-9_+-]{1,64}){0,4}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}\b", _mail),
        (rf"{_BEFORE}(\d{{4}})-(\d\d)-(\d\d){_AFTER}", _iso),
        (
            rf"\b({_MONTH_NAMES})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:, ((?:1[1-9]|20)\d\d))?{_AFTER}",
            lambda found: _date(_MONTH[found[1]], found[2], found[3]) if 1 <= int(found[2]) <= 31 else found[0],  # noqa: PLR2004
        ),
        (rf"{_BEFORE}(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?P<half>(?= ?[AaPp]\.?[Mm]\b))?(?![\w:.-]*\d)", _time),
        (rf"(?<![\w.])(?:\+?\d{{1,3}}[ .-])?\(\d{{3}}\) ?\d{{3}}[ .-]\d{{4}}{_AFTER}", lambda found: digits(found[0])),
        (rf"(?<![\w.])\+\d{{1,3}}(?:[ .-]?\d{{2,4}}){{2,5}}{_AFTER}", lambda found: "plus " + digits(found[0])),
        (rf"{_BEFORE}(?:\d{{1,3}}[ .-])?\d{{3}}([ .-])\d{{3}}\1\d{{4}}{_AFTER}", lambda found: digits(found[0])),
        (rf"{_BEFORE}\d{{3}}-\d{{4}}{_AFTER}", lambda found: digits(found[0])),
        (rf"{_BEFORE}\d{{1,6}}(?:-\d{{1,6}}){{2,5}}{_AFTER}", lambda found: digits(found[0])),
        (rf"(?<![\w.,$€£])(?P<sign>[$€£])(?P<amount>{_AMOUNT})(?: (?P<scale>million|billion|trillion)\b)?(?!\w|[.,]\d)", _money),
        (rf"{_BEFORE}({_AMOUNT}) ?%(?!\w)", lambda found: f"{amount(found[1])} percent"),
        (
            rf"{_BEFORE}({_AMOUNT}) ?({'|'.join(sorted(map(re.escape, _UNITS), key=len, reverse=True))})(?![\w/])",
            lambda found: _counted(found[1], _UNITS[found[2]]),
        ),
        (rf"{_BEFORE}(\d{{1,6}})(st|nd|rd|th)(?!\w)", _ordinal),
        (rf"{_BEFORE}({'|'.join(_FRACTIONS)})(?= [a-z])", lambda found: _FRACTIONS[found[1]]),
        (
            rf"{_BEFORE}(\d{{1,4}})[-–](\d{{1,4}}){_AFTER}",
            lambda found: f"{_plain(found[1])} to {_plain(found[2])}" if int(found[1]) < int(found[2]) else found[0],
        ),
        (r"\b(?=[A-Z]{0,11}\d)(?=[0-9]{0,11}[A-Z])(?=[A-Z])[A-Z0-9]{5,12}\b(?![-.]\w)", _code),
        (rf"{_BEFORE}(\d{{7,15}}){_AFTER}", lambda found: digits(found[1]) if not found[1].endswith("000") else amount(found[1])),
        (r"(?:#|\bNo\. )(\d{1,9})(?!\w|[.,]\d)", lambda found: f"number {amount(found[1])}"),
        (rf"(?:(?<=\s)|^)-({_AMOUNT}){_AFTER}", lambda found: f"minus {amount(found[1])}"),
        (rf"{_BEFORE}({_AMOUNT}){_AFTER}", lambda found: _plain(found[1])),
    )
)


def _plain(text: str) -> str:
    """A number that nothing is known of: four digits from 1900 to 2099 are said as a year is."""
    return year(int(text)) if re.fullmatch(r"(?:19|20)\d\d", text) else amount(text)
