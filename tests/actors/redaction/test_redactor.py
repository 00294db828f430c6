"""What is taken out and what stays, in any order of magnitude of text."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actors.redaction import PatternRedactor
from actors.redaction.checks import luhn
from actors.redaction.national_ids import NATIONAL_IDS
from actors.redaction.redactor import MAX_CHARS, TOO_LONG
from protocols import ConfigurationError, RedactionSink

REDACTOR = PatternRedactor()


def redact(text: str, *, whole: bool = True) -> str:
    return REDACTOR.redact(text, RedactionSink.JOURNAL, whole=whole)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("my card is 4111 1111 1111 1111, thanks", "my card is [card], thanks"),
        ("4111-1111-1111-1111 exp 12/27", "[card] exp 12/27"),
        ("card 4111111111111111 cvv 123", "card [card] cvv 123"),
        ("Amex 3782 822463 10005.", "Amex [card]."),
        ("378282246310005", "[card]"),
        ("Diners 3056 930902 5904", "Diners [card]"),
        ("4222222222222", "[card]"),
        ("4000 0000 0000 0000 006", "[card]"),
        ("6759 6498 2643 8453 and 5555 5555 5555 4444", "[card] and [card]"),
        ("it is 4111 11111111 1111", "it is [card]"),
        ("(4111\u00a01111\u00a01111\u00a01111)", "([card])"),
        ("٤١١١١١١١١١١١١١١١", "[card]"),
        ("number:4111111111111111;", "number:[card];"),
        ("4111.1111.1111.1111 and 3782/822463/10005.", "[card] and [card]."),
        ("4111_1111_1111_1111\n4111\n1111\n1111\n1111", "[card]\n[card]"),
        ("four one one one, one one one one, one one one one, one one one one", "[card]"),
        ("it's four one double one triple one one one one one one one one one one please", "it's [card] please"),
        ("cuatro uno uno uno uno uno uno uno uno uno uno uno uno uno uno uno", "[card]"),
        ("vier eins eins eins eins eins eins eins eins eins eins eins eins eins eins eins", "[card]"),
        ("IBAN DE89 3704 0044 0532 0130 00 and more", "IBAN [iban] and more"),
        ("gb82west12345698765432.", "[iban]."),
        ("to FR14-2004-1010-0505-0001-3M02-606", "to [iban]"),
        ("write to john.o'hara+x@mail.example.co.uk!", "write to [email]!"),
        ("<ána@correo.es>", "<[email]>"),
        ("call +34 612 345 678 now", "call [phone] now"),
        ("+1 (555) 234-5678 or +4915123456789", "[phone] or [phone]"),
        ("0049 151 23456789", "[phone]"),
        ("(555) 234-5678, 555.234.5678, 1-800-234-5678", "[phone], [phone], [phone]"),
        ("020 7946 0958 and 07700 900123 and 07700900123", "[phone] and [phone] and [phone]"),
        ("06 12 34 56 78", "[phone]"),
        ("030/1234567 oder (089) 123 4567", "[phone] oder [phone]"),
        ("mi número es 612 345 678", "mi número es [phone]"),
        ("(11) 91234-5678", "[phone]"),
        ("98765 43210", "[phone]"),
        ("my phone number is 5552345678", "my phone number is [phone]"),
        ("my number's 5 5 5 1 2 3 4 5 6 7", "my number's [phone]"),
        ("you can call me at 555 2345", "you can call me at [phone]"),
        ("my mobile is five five five two three four five six seven eight", "my mobile is [phone]"),
        ("SSN 078-05-1120", "SSN [id]"),
        ("my social security number is 078051120", "my social security number is [id]"),
        ("NINO AB 12 34 56 C", "NINO [id]"),
        ("Steuer-ID 86 095 742 719", "Steuer-ID [id]"),
        ("86095742719", "[id]"),
        ("DNI 12345678Z, NIE X-1234567-L, dni 12.345.678-z", "DNI [id], NIE [id], dni [id]"),
        ("NIR 2 55 08 14 168 025 38", "NIR [id]"),
        ("o meu NIF é 123 456 789", "o meu NIF é [id]"),
        ("codice fiscale rssmra85t10a562s", "codice fiscale [id]"),
        ("mijn BSN is 111222333", "mijn BSN is [id]"),
        ("CPF 529.982.247-25 ou 52998224725", "CPF [id] ou [id]"),
        ("Aadhaar 2341 2341 2346", "Aadhaar [id]"),
        ("my aadhaar is 234123412346", "my aadhaar is [id]"),
        ("PAN ABCPE1234F", "PAN [id]"),
        ("AHV 756.9217.0769.85", "AHV [id]"),
        ("PESEL 44051401359", "PESEL [id]"),
        ("93.05.18-223.61", "[id]"),
        ("SIN 130-692-544", "SIN [id]"),
    ],
)
def test_what_is_taken_out(text: str, left: str) -> None:
    assert redact(text) == left
    assert redact(left) == left, "redacting it again changes nothing"


@pytest.mark.parametrize(
    "text",
    [
        "it costs $1,234.56 or 1.234,56 € or 1 234 567 euros",
        "EUR 612 345 678 and 612 345 678 euros and R$ 612-345-678",
        "2024-12-31, 31.12.2024 10:30, 12/31/2024, 01-12-2024 09:30, 01.12.2024 10:30:45",
        "2024-12-31T10:15:00.123456Z",
        "20241231101500 and 1732973419123",
        "order 12345678, order number 1234567890, Order #2024-001234, ORD-2024-0001234567",
        "invoice 0123456789, Bestellnummer 0123456789, pedido 612 345 678",
        "order 123456789 for 9 people",
        "order number 52998224725, Rechnungsnummer 86095742719",
        "IMEI 490154203237518, my imei is 490154203237518, ICCID number 8944500102198304826",
        "my order number is 12345678, ticket 0012345678",
        "call me at 10:30 tomorrow, on 12/11/2024, in room 12 05",
        "2021.2022.2023.2024 and 1000/2000/3000/4000",
        "version 1.2.3.4 at 192.168.100.200",
        "ISBN 978-3-16-148410-0, also 9783161484100",
        "pi is 3.14159265358979, here is 41.40338, 2.17403",
        "room 401, floor 4, gate B12, flight AB1234",
        "one two three four five; a table for two at seven",
        "4111111111111112 is none, and 4111 1111 1111 1112 neither",
        "0000000000000000",
        "9400111899223100001 and 12345678901234567890123",
        "#1234567890123456",
        "100 200 300 400 500 600 and 10 20 30 40 50 60 70",
        "uuid 550e8400-e29b-41d4-a716-446655440000",
        "zip 94105-1234, PLZ 10115, CP 28013",
        "from 10 30 to 12 45, 24 12 2024 18 30",
        "12345678A is no DNI, 123-45-0000 no SSN, BG123456A no NINO",
        "123456788 is no NIF",
        "111222333 and 123456789 are numbers that nobody named",
        "@home, a@b, user@localhost, 5@3",
        "ten thousand two hundred and three",
        "DE00 1234 and GB12 is a road",
        "",
    ],
)
def test_what_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text("0123456789", min_size=12, max_size=18), st.sampled_from(["", " ", "-"]), st.text("abc ,.", max_size=5))
def test_any_card_number_in_groups_of_four_is_taken_out(digits: str, separator: str, after: str) -> None:
    assume(digits[0] in "23456")
    number = next(digits + last for last in "0123456789" if luhn(digits + last))
    assume(len(set(number)) > 1 and not number.startswith("20"))
    grouped = separator.join(number[at : at + 4] for at in range(0, len(number), 4))
    assert redact(f"card {grouped} {after}") == f"card [card] {after}"


@given(st.text("0123456789", min_size=13, max_size=19))
def test_no_number_without_its_check_digit_is_taken_for_a_card(digits: str) -> None:
    assume(not luhn(digits))
    assert "[card]" not in redact(f"order {digits}")


@given(st.text("0123456789 -+()./,:;@abcXYZ€$four onetwo", max_size=200))
def test_redacting_it_again_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("my card is 4111 1111 11", "my card is […]"),
        ("my card is 4111 1111 1111 1111", "my card is [card]"),
        ("write to john@gm", "write to […]"),
        ("DE89 3704 00", "[…]"),
        ("four one one one one", "[…]"),
        ("call +34 612 3", "call […]"),
        ("it was 2024", "it was 2024"),
        ("I have 3", "I have 3"),
        ("4111 1111 11 is what I have", "4111 1111 11 is what I have"),
    ],
)
def test_a_text_that_may_go_on_leaves_without_the_number_at_its_end(text: str, left: str) -> None:
    assert redact(text, whole=False) == left


@pytest.mark.parametrize("last", range(1, 20))
def test_of_a_card_that_comes_piece_by_piece_five_digits_at_most_are_ever_seen(last: int) -> None:
    seen = redact("it is 4111 1111 1111 1111"[: 6 + last], whole=False)
    assert sum(char.isdigit() for char in seen) < 5


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1 ",
        "a",
        "a@",
        "a.",
        "1.",
        "0 ",
        "four ",
        "+1",
        "A1",
        "(1)",
        "@",
        " ",
        "12 34 ",
        "(",
        "AB12 ",
        "0 1 2-",
        "\u0661",
        "a@b.",
        "1_",
    ],
)
def test_no_text_is_a_catastrophe(unit: str) -> None:
    """What grows with the square of 60,000 characters has no end within the limit; what grows with them takes a second at most."""
    text = unit * (60_000 // len(unit))
    assert isinstance(PatternRedactor().redact(text, RedactionSink.LOG, whole=False), str)


def test_what_is_too_long_is_left_out_as_a_whole() -> None:
    assert redact("x" * MAX_CHARS) == "x" * MAX_CHARS
    assert redact("x" * (MAX_CHARS + 1)) == TOO_LONG


def test_national_ids_are_those_of_the_countries_that_are_named() -> None:
    spanish = PatternRedactor(countries=["es"])
    assert spanish.redact("12345678Z and 123-45-6789", RedactionSink.LOG) == "[id] and 123-45-6789"
    with pytest.raises(ConfigurationError, match=r"countries=\['XX'\]"):
        PatternRedactor(countries=["XX"])
    assert len(NATIONAL_IDS) >= 10
