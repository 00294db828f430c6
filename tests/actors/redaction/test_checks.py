"""Check digits: known numbers, and that one wrong digit, or two that changed places, is noticed where the scheme promises it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.redaction import checks

KNOWN: list[tuple[Callable[[str], bool], list[str], list[str]]] = [
    (checks.luhn, ["4111111111111111", "378282246310005", "6304000000000000", "79927398713"], ["4111111111111112", "79927398710"]),
    (checks.mod_97, ["DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606"], ["DE88370400440532013000"]),
    (checks.verhoeff, ["2363", "758722", "123451", "1428570", "84736430954837284567892"], ["2364", "123450"]),
    (checks.iso_7064_mod_11_10, ["86095742719", "47036892816"], ["86095742710"]),
    (checks.ssn, ["078051120"], ["000123456", "666123456", "900123456", "123004567", "123450000"]),
    (checks.sin, ["130692544"], ["130692545", "046454286", "846454286"]),
    (checks.nino, ["AB123456C"], ["BG123456C", "ZZ123456A"]),
    (checks.steuer_id, ["86095742719", "47036892816", "65929970489"], ["11111111111", "01234567890", "86095742718"]),
    (checks.dni, ["12345678Z", "00000000T", "X1234567L", "Y0000000Z", "Z0000000M"], ["12345678A", "X1234567A"]),
    (checks.nir, ["255081416802538"], ["255081416802537"]),
    (checks.nif, ["123456789", "501442600"], ["123456788", "012345678"]),
    (checks.codice_fiscale, ["RSSMRA85T10A562S", "MRTMTT91D08F205J"], ["RSSMRA85T10A562T"]),
    (checks.bsn, ["111222333", "123456782"], ["111222334", "000000000"]),
    (checks.cpf, ["52998224725", "12345678909"], ["52998224726", "11111111111"]),
    (checks.aadhaar, ["999941057058", "234123412346"], ["999941057059", "034123412346"]),
    (checks.pesel, ["44051401359", "02070803628"], ["44051401358", "44134501359"]),
    (checks.rijksregister, ["93051822361", "85073003328", "00012556777"], ["93051822362"]),
    (checks.ahv, ["7569217076985"], ["7569217076984"]),
]


@pytest.mark.parametrize(("check", "sound", "wrong"), KNOWN, ids=lambda value: getattr(value, "__name__", ""))
def test_known_numbers(check: Callable[[str], bool], sound: list[str], wrong: list[str]) -> None:
    assert {number: check(number) for number in (*sound, *wrong)} == dict.fromkeys(sound, True) | dict.fromkeys(wrong, False)


def completed(check: Callable[[str], bool], digits: str) -> list[str]:
    return [digits + last for last in "0123456789" if check(digits + last)]


DIGITS = st.text("0123456789", min_size=5, max_size=18)
SCHEMES = st.sampled_from([checks.luhn, checks.verhoeff, checks.iso_7064_mod_11_10])


@given(SCHEMES, DIGITS)
def test_each_number_has_one_check_digit(check: Callable[[str], bool], digits: str) -> None:
    assert len(completed(check, digits)) == 1


@given(SCHEMES, DIGITS, st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(check: Callable[[str], bool], digits: str, place: int, by: int) -> None:
    (whole,) = completed(check, digits)
    place %= len(whole)
    assert not check(whole[:place] + str((int(whole[place]) + by) % 10) + whole[place + 1 :])


@given(DIGITS, st.integers(0, 17))
def test_verhoeff_notices_neighbours_that_changed_places_and_so_does_luhn_but_for_nought_and_nine(digits: str, place: int) -> None:
    for check in (checks.verhoeff, checks.luhn):
        (whole,) = completed(check, digits)
        at = place % (len(whole) - 1)
        swapped = whole[:at] + whole[at + 1] + whole[at] + whole[at + 2 :]
        if whole[at] != whole[at + 1] and not (check is checks.luhn and {whole[at], whole[at + 1]} == {"0", "9"}):
            assert not check(swapped)


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=11, max_size=30))
def test_an_iban_has_one_pair_of_check_digits(rest: str) -> None:
    assert sum(checks.mod_97(f"DE{check:02d}{rest}") for check in range(2, 99)) == 1
