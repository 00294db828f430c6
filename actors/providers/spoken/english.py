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
_DOLLAR, _EURO = ("dollar*", "cent*"), ("euro*", "cent*")
_MONEY: Final = {
    "$": _DOLLAR,
    "€": _EURO,
    "£": ("pound*", "penny/pence"),
    "¥": ("yen/yen", "sen/sen"),
    "₹": ("rupee*", "paisa/paise"),
    "USD": ("US dollar*", "cent*"),
    "EUR": _EURO,
    "GBP": ("British pound*", "penny/pence"),
    "CHF": ("Swiss franc*", "centime*"),
    "¢": ("cent*", "cent*"),
}
_SCALES: Final = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "bn": "billion", "B": "billion"}
_UNITS: Final = {
    "kg": "kilogram*",
    "g": "gram*",
    "mg": "milligram*",
    "lb": "pound*",
    "lbs": "pound*",
    "oz": "ounce*",
    "km": "kilometer*",
    "m": "meter*",
    "cm": "centimeter*",
    "mm": "millimeter*",
    "mi": "mile*",
    "ft": "foot/feet",
    "yd": "yard*",
    "m²": "square meter*",
    "m2": "square meter*",
    "km²": "square kilometer*",
    "sq ft": "square foot/square feet",
    "l": "liter*",
    "L": "liter*",
    "ml": "milliliter*",
    "mL": "milliliter*",
    "gal": "gallon*",
    "kcal": "kilocalorie*",
    "kB": "kilobyte*",
    "KB": "kilobyte*",
    "MB": "megabyte*",
    "GB": "gigabyte*",
    "TB": "terabyte*",
    "Mbps": "megabit* per second",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "kW": "kilowatt*",
    "kWh": "kilowatt hour*",
    "h": "hour*",
    "hrs": "hour*",
    "hr": "hour*",
    "min": "minute*",
    "mins": "minute*",
    "sec": "second*",
    "secs": "second*",
    "ms": "millisecond*",
    "km/h": "kilometer* per hour",
    "kph": "kilometer* per hour",
    "mph": "mile* per hour",
    "m/s": "meter* per second",
    "°C": "degree* Celsius",
    "°F": "degree* Fahrenheit",
    "°": "degree*",
}
"""With what is said for them; the star is the plural's s, and after a stroke stands a plural without one."""
_FRACTIONS: Final = {
    "1/2": "one half",
    "1/3": "one third",
    "2/3": "two thirds",
    "1/4": "one quarter",
    "3/4": "three quarters",
    "1/5": "one fifth",
    "1/8": "one eighth",
    "3/8": "three eighths",
    "5/8": "five eighths",
    "7/8": "seven eighths",
    "1/10": "one tenth",
}
_FRACTION_SIGNS: Final = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8"}
_IN_DIGITS: Final = r"(?:PIN|pin|ZIP|zip|[Cc]ode|[Pp]assword|[Pp]asscode|[Ee]xtension)(?: (?:code|number|is)){0,3}:? "
_NUMBERED: Final = r"(?:[Aa]ccount|[Rr]eference|[Cc]onfirmation|[Bb]ooking|[Tt]racking|[Ss]erial)(?: (?:code|number|is)){1,3}:? "
"""What the figures after it are the digits of, however few."""

_BEFORE: Final = r"(?<![\w.,:/@#$€£+-])"
_AFTER: Final = r"(?![\w@/]|[.,:-]\d|-\w)"
_AMOUNT: Final = r"\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,9})?|\d{1,15}(?:\.\d{1,9})?"
_MONEY_AMOUNT: Final = rf"(?:\d{{1,3}}(?:\.\d{{3}}){{1,4}}|\d{{1,9}}),\d\d(?![\d,])|{_AMOUNT}|\.\d\d(?!\d)"
"""An amount, also with the comma of other countries."""
_MONTH_NAMES: Final = "|".join(sorted(_MONTH, key=len, reverse=True))
_UNIT_NAMES: Final = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_YEAR: Final = r"(?:1[1-9]|20)\d\d"
_HALF: Final = r"[AaPp]\.?[Mm]\b\.?(?![A-Za-z])"


def digits(text: str) -> str:
    """The digits of ``text`` one by one; what stands between groups of them is a pause."""
    return ", ".join(" ".join(SMALL[int(digit)] for digit in group) for group in re.findall(r"[0-9]+", text))


def amount(text: str) -> str:
    """A number as it is written: with thousands' commas, decimals, or the leading zeros of a code."""
    whole, _, decimals = text.replace(",", "").partition(".")
    said = digits(whole) if len(whole) > 1 and whole[0] == "0" else cardinal(int(whole))
    return f"{said} point {digits(decimals)}" if decimals else said


def year(number: int) -> str:
    """A year from 1000 to 2099 as it is said."""
    century, rest = divmod(number, 100)
    if 2000 <= number < 2010:  # noqa: PLR2004 - two thousand and its first years
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {cardinal(rest) if rest > 9 else 'oh ' + cardinal(rest)}"  # noqa: PLR2004 - of two digits


def _counted(text: str, unit: str) -> str:
    """An amount of a unit, in the plural unless it is one."""
    if text == "1":
        return f"one {unit.partition('/')[0].replace('*', '')}"
    return f"{amount(text)} {_many(unit)}"


def _money(found: re.Match[str]) -> str:
    unit, small = _MONEY[found["sign"]]
    written = found["amount"]
    if re.search(r",\d\d$", written):  # another country's comma
        written = written.replace(".", "").replace(",", ".")
    whole, _, cents = written.partition(".")
    groups = found.groupdict()
    per = f" per {groups['per']}" if groups.get("per") else ""
    if scale := groups.get("scale"):
        return f"{amount(written)} {_SCALES.get(scale, scale)} {_many(unit)}{per}"
    if until := groups.get("until"):
        return f"{amount(written)} to {amount(until)} {_many(unit)}{per}"
    if len(cents) != 2:  # noqa: PLR2004 - of a price
        return _counted(written, unit) + per
    parts = [_counted(whole, unit)] if whole.strip("0,") or not int(cents) else []
    parts += [_counted(str(int(cents)), small)] if int(cents) else []
    return " and ".join(parts) + per


def _many(unit: str) -> str:
    return (unit.partition("/")[2] or unit).replace("*", "s")


def _time(found: re.Match[str]) -> str:
    hour, minute, second, half = int(found["hour"]), found["minute"] or "", found["second"], found["half"] or ""
    if hour > 23 or int(minute or 0) > 59 or int(second or 0) > 59:  # noqa: PLR2004 - no time
        return found[0]
    said = f"{cardinal(hour)} {'oh ' if minute[:1] == '0' else ''}{cardinal(int(minute or 0))}"
    if minute in {"", "00"}:
        whole = f"{cardinal(hour)} o'clock" if 0 < hour <= 12 else f"{cardinal(hour)} hundred"  # noqa: PLR2004
        said = cardinal(hour) if half else whole
    return said + (f" and {_counted(str(int(second)), 'second*')}" if second else "") + (f" {half}" if half else "")


def _date(month: str, day: str, of_year: str | None) -> str:
    return f"{month} {ordinal(int(day))}" + (f", {year(int(of_year))}" if of_year else "")


def _iso(found: re.Match[str]) -> str:
    number, month, day = int(found[1]), int(found[2]), int(found[3])
    valid = 1100 <= number < 2100 and 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004 - a calendar's
    return _date(_MONTHS[month - 1], found[3], found[1]) + (", " if found[4] else "") if valid else digits(found[0])


def _in_figures(found: re.Match[str]) -> str:
    """A date as "10/3/2026", whose order differs by country: as it is written."""
    first, second, of_year = int(found[1]), int(found[2]), found[3]
    if not (1 <= first <= 31 and 1 <= second <= 31):  # noqa: PLR2004 - a calendar's
        return found[0]
    return f"{cardinal(first)} {cardinal(second)} {year(int(of_year)) if len(of_year) > 2 else digits(of_year)}"  # noqa: PLR2004


def _decade(found: re.Match[str]) -> str:
    said = year(int(found[1])) if len(found[1]) > 2 else cardinal(int(found[1]))  # noqa: PLR2004 - of a year
    return said[:-1] + "ies" if said.endswith("y") else said + "s"


def _telephone(found: re.Match[str]) -> str:
    return ("plus " if found[0].startswith("+") else "") + digits(found[0])


def _groups(found: re.Match[str]) -> str:
    """Groups of figures with spaces between them: a number's digits, unless they may well be numbers of their own."""
    groups = found[0].split()
    if all(group == "000" for group in groups[1:]):
        return cardinal(int("".join(groups)))
    sizes = list(map(len, groups))
    has_zeros = any(group[0] == "0" and len(group) > 1 for group in groups)
    sure = has_zeros or sizes == [3, 4] or (len(groups) > 2 and min(sizes[1:]) > 2)  # noqa: PLR2004
    return digits(found[0]) if sure and sum(sizes) >= 7 else found[0]  # noqa: PLR2004 - as many as a local telephone number


def _fraction(found: re.Match[str]) -> str:
    whole, part = found["whole"], _FRACTION_SIGNS.get(found["part"], found["part"])
    is_date = not whole and found.string[: found.start()].endswith(("on ", "by ", "until ", "since "))
    if part in _FRACTIONS and not is_date:
        return f"{amount(whole)} and {_FRACTIONS[part]}" if whole else _FRACTIONS[part]
    above, _, below = part.partition("/")
    return f"{amount(whole) + ' ' if whole else ''}{_plain(above)} {_plain(below)}"


def _range(found: re.Match[str]) -> str:
    first, last = int(found[1]), int(found[2])
    if first == last:
        return f"{_plain(found[1])} {_plain(found[2])}"
    if first > last and len(found[1]) > 2:  # noqa: PLR2004 - more than a score, or hours
        return found[0]
    return f"{_plain(found[1])} to {_plain(found[2])}"


def _named(found: re.Match[str]) -> str:
    """A number behind a name, as in "COVID-19" and "A-1234": a long one behind capital letters is a code."""
    is_code = len(found[2]) > 4 or (len(found[2]) > 2 and len(found[1]) <= 3 and found[1].isupper())  # noqa: PLR2004
    return f"{found[1]} {digits(found[2]) if is_code else _plain(found[2])}"


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
        (r"(?:(?<=[\s(])|^)-(?=[$€£¥]?\.?\d)", lambda _: "minus "),
        (r"(?<=\b[Tt]el)\.?:(?=[+(\d])", lambda _: ": "),
        (r"(?<=\b[Yy]ear )(1\d{3})\b(?!-)", lambda found: year(int(found[1]))),
        (rf"{_BEFORE}(\d{{1,3}}(?:\.\d{{3}}){{2}}){_AFTER}", lambda found: amount(found[1].replace(".", ""))),
        (r"(?<!\S)[~≈](?=[$€£¥]?\d)", lambda _: "about "),
        (r"±(?=\d)", lambda _: "plus or minus "),
        (rf"{_BEFORE}(\d{{4}})-(\d\d)-(\d\d)(T(?=\d\d:\d\d)|{_AFTER})", _iso),
        (
            rf"\b({_MONTH_NAMES})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:,? ({_YEAR}))?{_AFTER}",
            lambda found: _date(_MONTH[found[1]], found[2], found[3]) if 1 <= int(found[2]) <= 31 else found[0],  # noqa: PLR2004
        ),
        (
            rf"{_BEFORE}(\d{{1,2}})(?:st|nd|rd|th)? ({_MONTH_NAMES})\b(?!')(?:\.?,? ({_YEAR}){_AFTER})?",
            lambda found: _date(_MONTH[found[2]], found[1], found[3]) if 1 <= int(found[1]) <= 31 else found[0],  # noqa: PLR2004
        ),
        (rf"\b({_MONTH_NAMES})\.? ({_YEAR}){_AFTER}", lambda found: f"{_MONTH[found[1]]} {year(int(found[2]))}"),
        (rf"{_BEFORE}(\d{{1,2}})/(\d{{1,2}})/(\d{{4}}|\d\d){_AFTER}", _in_figures),
        (rf"{_BEFORE}(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}}){_AFTER}", _in_figures),
        (rf"(?<![\w.])['’]?({_YEAR[:-2]}0|[2-9]0)s\b", _decade),
        (r"(?<=\d)((?: ?[AaPp]\.?[Mm]\.?)?) ?[-–] ?(?=\d{1,2}(?::\d\d| ?[AaPp]\.?[Mm])\b)", lambda found: f"{found[1]} to "),
        (
            rf"{_BEFORE}(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?P<half>{_HALF}))?(?![\w:.-]*\d)",
            _time,
        ),
        (rf"{_BEFORE}(?P<hour>\d{{1,2}})(?P<minute>)(?P<second>) ?(?P<half>{_HALF})", _time),
        (rf"(?<![\w.])(?:\+?\d{{1,3}}[ .-])?\(\d{{2,5}}\) ?\d{{3,4}}[ .-]?\d{{3,4}}{_AFTER}", _telephone),
        (rf"(?<![\w.])\+\d{{1,3}}(?:[ .-]?\d{{2,4}}){{2,5}}{_AFTER}", _telephone),
        (rf"{_BEFORE}(?:\d{{1,3}}[ .-])?\d{{3}}([ .-])\d{{3}}\1\d{{4}}{_AFTER}", _telephone),
        (rf"{_BEFORE}(?:\d{{1,3}}-){{1,2}}(?=[A-Z]{{4,10}}\b)", lambda found: f"{digits(found[0])}, "),
        (rf"{_BEFORE}(?:\d{{3}}|\d{{5}})-\d{{4}}{_AFTER}", _telephone),
        (rf"{_BEFORE}\d{{1,6}}(?:-\d{{1,6}}){{2,5}}{_AFTER}", _telephone),
        (rf"{_BEFORE}\d{{1,6}}(?: \d{{2,6}}){{1,5}}{_AFTER}", _groups),
        (rf"{_BEFORE}\d{{1,3}}(?:\.\d{{1,3}}){{3}}{_AFTER}", lambda found: digits(found[0]).replace(",", " dot")),
        (
            (
                rf"\b({_IN_DIGITS}|{_NUMBERED}|[Dd]ial |[Cc]all (?=\d11\b|112\b|999\b)|[Ff]light (?:[A-Z]{{2}} )?)"
                rf"(\d{{3,15}}){_AFTER}"
            ),
            lambda found: found[1] + digits(found[2]),
        ),
        (
            rf"(?<![\w.,$€£¥₹])(?P<sign>[$€£¥₹])(?P<amount>{_AMOUNT})[-–](?P=sign)?(?P<until>{_AMOUNT})(?:/(?P<per>[a-z]+))?(?!\w|[.,]\d)",
            _money,
        ),
        (
            (
                rf"(?<![\w.,$€£¥₹])(?P<sign>[$€£¥₹]) ?(?P<amount>{_MONEY_AMOUNT})"
                r"(?: ?(?P<scale>million|billion|trillion|bn|[kKmMB])\b)?(?:/(?P<per>[a-z]+))?(?!\w|[.,]\d)"
            ),
            _money,
        ),
        (rf"\b(?P<sign>USD|EUR|GBP|CHF) (?P<amount>{_MONEY_AMOUNT})(?!\w|[.,]\d)", _money),
        (rf"{_BEFORE}(?P<amount>{_MONEY_AMOUNT}) ?(?P<sign>[€£¥₹¢]|USD\b|EUR\b|GBP\b|CHF\b)", _money),
        (rf"{_BEFORE}(\d{{1,4}})[-–](?=\d{{1,4}} ?(?:%|(?:{_UNIT_NAMES})(?!\w)))", lambda found: f"{found[1]} to "),
        (rf"{_BEFORE}({_AMOUNT}) ?%(?!\w)", lambda found: f"{amount(found[1])} percent"),
        (
            rf"{_BEFORE}({_AMOUNT}) ?({_UNIT_NAMES})(?![\w/²])(?:\.(?= [a-z]))?",
            lambda found: _counted(found[1], _UNITS[found[2]]),
        ),
        (r"(?<![\w'])(\d)'(\d{1,2})(?:\"|''|(?![\w'.]))", lambda found: f"{_plain(found[1])} foot {_plain(found[2])}"),
        (rf"{_BEFORE}(\d{{1,6}}(?:st|nd|rd|th))[-–](?=\d{{1,6}}(?:st|nd|rd|th)\b)", lambda found: f"{found[1]} to "),
        (rf"{_BEFORE}(\d{{1,6}})(st|nd|rd|th)(?!\w)", _ordinal),
        (rf"{_BEFORE}(?:(?P<whole>\d{{1,4}}) ?)?(?P<part>[{''.join(_FRACTION_SIGNS)}])", _fraction),
        (rf"{_BEFORE}(?:(?P<whole>\d{{1,4}}) )?(?P<part>\d{{1,3}}/\d{{1,3}}){_AFTER}", _fraction),
        (rf"{_BEFORE}(\d{{1,4}})[-–](\d{{1,4}}){_AFTER}", _range),
        (rf"{_BEFORE}(\d{{1,3}}):(\d){_AFTER}", lambda found: f"{_plain(found[1])} to {_plain(found[2])}"),
        (rf"{_BEFORE}(\d{{1,4}})-(?=[A-Za-z]{{2}})", lambda found: f"{_plain(found[1])}-"),
        (r"(?<![\w/.@-])([A-Za-z]{1,12})-(\d{1,9})(?![\w/@]|[-.,:]\w)", _named),
        (r"\b(?=[A-Z]{0,11}\d)(?=[0-9]{0,11}[A-Z])(?=[A-Z])[A-Z0-9]{5,12}\b(?![-.]\w)", _code),
        (rf"{_BEFORE}(\d{{7,15}}){_AFTER}", lambda found: digits(found[1]) if not found[1].endswith("000") else amount(found[1])),
        (r"(?:#|\bNo\. ?)(\d{1,9})(?!\w|[.,]\d)", lambda found: f"number {amount(found[1])}"),
        (r"(?<=\d) ?([+=]) ?(?=\d)", lambda found: f" {'plus' if found[1] == '+' else 'equals'} "),
        (r"(?<=\d)\+(?!\w)", lambda _: " plus"),
        (rf"{_BEFORE}({_AMOUNT}){_AFTER}", lambda found: _plain(found[1])),
    )
)


def _plain(text: str) -> str:
    """A number that nothing is known of: four digits from 1900 to 2099 are said as a year is."""
    return year(int(text)) if re.fullmatch(r"(?:19|20)\d\d", text) else amount(text)
