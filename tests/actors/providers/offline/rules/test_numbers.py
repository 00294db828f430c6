import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.providers.offline.rules.numbers import number_words, read_digits, read_number, spoken_digits, spoken_money


@pytest.mark.parametrize(
    ("words", "number", "used"),
    [
        ("two pizzas", 2, 1),
        ("twenty three", 23, 2),
        ("twenty pizzas", 20, 1),
        ("ninety ten", 90, 1),
        ("a dozen", 12, 2),
        ("half a dozen eggs", 6, 3),
        ("a couple of salads", 2, 3),
        ("one hundred and five", 105, 4),
        ("three hundred pizzas", 300, 2),
        ("17", 17, 1),
        ("5551234", 0, 0),
        ("a pizza", 0, 0),
        ("", 0, 0),
    ],
)
def test_numbers_are_read_as_people_say_them(words: str, number: int, used: int) -> None:
    assert read_number(words.split()) == (number, used)


@given(st.integers(0, 999))
def test_what_is_written_in_words_reads_back(number: int) -> None:
    words = number_words(number).split()
    assert read_number(words) == (number, len(words))


def test_numbers_in_words() -> None:
    assert number_words(34) == "thirty four"
    assert number_words(12_345) == "twelve thousand three hundred forty five"
    assert number_words(-1) == "-1"
    assert number_words(1_000_000) == "1000000"


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("my number is five five five one two three four", "5551234"),
        ("555 1234", "5551234"),
        ("oh one six three double five triple two", "016355222"),
        ("0163 985 double 521", "01639855521"),
        ("five five five twelve thirty four", "5551234"),
        ("eight hundred twenty", "80020"),
        ("one two and then three four dash five six", "123456"),
        ("one pizza then my number 55 12 34", "551234"),
        ("one two pizza three", "12"),
        ("double", ""),
        ("double pizza", ""),
        ("", ""),
    ],
)
def test_phone_numbers_are_read_in_every_usual_way(words: str, digits: str) -> None:
    assert read_digits(words.split()) == digits


@given(st.text(st.sampled_from("0123456789"), min_size=1, max_size=15))
def test_spoken_digits_read_back(digits: str) -> None:
    assert read_digits(spoken_digits(digits).replace(",", "").split()) == digits


def test_digits_are_spoken_in_groups() -> None:
    assert spoken_digits("5551234") == "five five five, one two three four"
    assert spoken_digits("555-123") == "five five five, one two three"
    assert spoken_digits("12") == "one two"
    assert spoken_digits("") == ""


@pytest.mark.parametrize(
    ("amount", "words"),
    [(10.0, "ten dollars"), (1, "one dollar"), (34.5, "thirty four dollars and fifty cents"), (0.01, "one cent"), (0, "zero dollars")],
)
def test_money_is_spoken(amount: float, words: str) -> None:
    assert spoken_money(amount) == words
