"""Check digits: whether a number can be what it looks like. Each takes the characters alone, without separators."""

from typing import Final

# Dammann's anti-symmetric quasigroup of order 10 is Verhoeff's dihedral group D5; its permutation has the period 8.
_DIHEDRAL: Final = tuple(
    tuple((a + b) % 5 if a < 5 and b < 5 else (a + b) % 5 + 5 if a < 5 else (a - b) % 5 + 5 if b < 5 else (a - b) % 5 for b in range(10))  # noqa: PLR2004
    for a in range(10)
)
_PERMUTATION: Final = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)

_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_CODICE_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)
_NOT_NINO: Final = ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (1 + place % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004
    return total % 10 == 0


def mod_97(iban: str) -> bool:
    """ISO 13616: of an IBAN in capitals."""
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def verhoeff(digits: str) -> bool:
    """Verhoeff's scheme over D5, as the Aadhaar number has it."""
    check = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char)
        for _ in range(place % 8):
            value = _PERMUTATION[value]
        check = _DIHEDRAL[check][value]
    return check == 0


def iso_7064_mod_11_10(digits: str) -> bool:
    """ISO 7064 MOD 11,10."""
    product = 10
    for char in digits[:-1]:
        total = (int(char) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    """The sum of the digits by their weights."""
    return sum(int(char) * weight for char, weight in zip(digits, weights, strict=False))


def ssn(digits: str) -> bool:
    """US: no area 000, 666 or 9xx, no group 00, no serial 0000."""
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def sin(digits: str) -> bool:
    """Canada: Luhn, and no number that begins with 0 or 8."""
    return digits[0] not in "08" and luhn(digits)


def nino(text: str) -> bool:
    """UK: two letters of those that are given out, six digits, a suffix."""
    return text[:2] not in _NOT_NINO


def steuer_id(digits: str) -> bool:
    """Germany: of the first ten digits one or two do not occur, none more than three times; ISO 7064 MOD 11,10."""
    first = digits[:10]
    return digits[0] != "0" and len(set(first)) in (8, 9) and max(map(first.count, first)) <= 3 and iso_7064_mod_11_10(digits)  # noqa: PLR2004


def dni(text: str) -> bool:
    """Spain: eight digits (of a NIE: X, Y or Z for 0, 1 or 2, and seven), and a letter that is their remainder by 23."""
    number = str("XYZ".find(text[0])) + text[1:-1] if text[0] in "XYZ" else text[:-1]
    return _DNI_LETTERS[int(number) % 23] == text[-1]


def nir(text: str) -> bool:
    """France: thirteen characters (Corsica: 2A is 19, 2B is 18), and 97 less their remainder by 97."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    return 97 - int(number) % 97 == int(text[13:])


def nif(digits: str) -> bool:
    """Portugal: weights 9 to 2, modulo 11."""
    rest = weighted(digits[:8], (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return digits[0] not in "04" and int(digits[8]) == (0 if rest < 2 else 11 - rest)  # noqa: PLR2004


def codice_fiscale(text: str) -> bool:
    """Italy: the characters at odd places by a table, those at even ones by their value, modulo 26."""
    even = sum(int(char) if char.isdigit() else ord(char) - 65 for char in text[1:15:2])
    return (even + sum(_CODICE_ODD[char] for char in text[:15:2])) % 26 == ord(text[15]) - 65


def bsn(digits: str) -> bool:
    """Netherlands: the eleven test."""
    return digits.strip("0") != "" and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def cpf(digits: str) -> bool:
    """Brazil: two check digits, each modulo 11; not all digits the same."""
    first = weighted(digits, tuple(range(10, 1, -1))) * 10 % 11 % 10
    second = weighted(digits, tuple(range(11, 1, -1))) * 10 % 11 % 10
    return len(set(digits)) > 1 and digits[9:] == f"{first}{second}"


def aadhaar(digits: str) -> bool:
    """India: twelve digits, the first 2 to 9; Verhoeff."""
    return digits[0] not in "01" and verhoeff(digits)


def pesel(digits: str) -> bool:
    """Poland: a date of birth (the month tells the century), and a check digit modulo 10."""
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    return 1 <= month <= 12 and 1 <= day <= 31 and weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0  # noqa: PLR2004


def rijksregister(digits: str) -> bool:
    """Belgium: 97 less the remainder by 97 of nine digits, before which a 2 stands for who was born from 2000 on."""
    rests = (97 - int(century + digits[:9]) % 97 for century in ("", "2"))
    return int(digits[9:]) in rests


def ahv(digits: str) -> bool:
    """Switzerland: thirteen digits, the first 756; the check digit of EAN-13."""
    return (weighted(digits[:12], (1, 3) * 6) + int(digits[12])) % 10 == 0
