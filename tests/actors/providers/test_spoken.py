"""What is written in figures is said in words; what nobody can be sure of stays as it is."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.providers.english_numbers import cardinal, ordinal
from actors.providers.spoken import as_spoken
from actors.providers.spoken.english import year


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Call 555-0134.", "Call five five five, zero one three four."),
        ("Call (212) 555-0134 now", "Call two one two, five five five, zero one three four now"),
        ("Call 212-555-0134", "Call two one two, five five five, zero one three four"),
        ("Call +49 30 123456.", "Call plus four nine, three zero, one two three four five six."),
        ("Boston, MA 02134", "Boston, MA zero two one three four"),
        ("Agent 007", "Agent zero zero seven"),
        ("It is $12.50.", "It is twelve dollars and fifty cents."),
        ("It is $1, or $0.99", "It is one dollar, or ninety-nine cents"),
        ("$1.01", "one dollar and one cent"),
        ("£0.05", "five pence"),
        ("$1,234.00!", "one thousand two hundred thirty-four dollars!"),
        ("a $3.5 million deal", "a three point five million dollars deal"),
        ("50% off, 2.5 % more", "fifty percent off, two point five percent more"),
        ("on 2026-11-29", "on November twenty-ninth, twenty twenty-six"),
        ("on Jan. 3, 2005 and Dec 31", "on January third, two thousand five and December thirty-first"),
        ("in 1999 and 1900", "in nineteen ninety-nine and nineteen hundred"),
        ("at 10:30, 9:05 am or 12:00", "at ten thirty, nine oh five am or twelve o'clock"),
        ("the 21st of the 3rd", "the twenty-first of the third"),
        ("5 kg, 1 ft and 3 ft", "five kilograms, one foot and three feet"),
        ("20°C at 60 mph", "twenty degrees Celsius at sixty miles per hour"),
        ("1/2 a pizza", "one half a pizza"),
        ("10-12 people, 3–4 days", "ten to twelve people, three to four days"),
        ("code AB12C3", "code A B one two C three"),
        ("order #17, No. 5", "order number seventeen, number five"),
        ("write to jo_4@mail-box.example.org", "write to jo underscore four at mail dash box dot example dot org"),
        ("ID 4006381333931", "ID four zero zero six three eight one three three three nine three one"),
        ("1,000,000 and 5000000", "one million and five million"),
        ("-5 degrees, 3.14", "minus five degrees, three point one four"),
        ("12 Baker Street, Apt. 4", "twelve Baker Street, Apt. four"),
        ("2 pizzas", "two pizzas"),
        ("Call 555 0134 or (212)555-0134", "Call five five five, zero one three four or two one two, five five five, zero one three four"),
        ("Call +1 (212) 555-0134", "Call plus one, two one two, five five five, zero one three four"),
        (
            "06 12 34 56 78, 0800 123 456",
            "zero six, one two, three four, five six, seven eight, zero eight zero zero, one two three, four five six",
        ),
        ("1-800-FLOWERS, tel:555-0134", "one, eight zero zero, FLOWERS, tel: five five five, zero one three four"),
        ("card 4111 1111 1111 1111", "card four one one one, one one one one, one one one one, one one one one"),
        ("Dial 911, or call 112", "Dial nine one one, or call one one two"),
        ("02134-1234", "zero two one three four, one two three four"),
        ("PIN 1234, your code is 471", "PIN one two three four, your code is four seven one"),
        ("account number 10203, flight UA 237", "account number one zero two zero three, flight UA two three seven"),
        ("booking 100 rooms, booking number 100", "booking one hundred rooms, booking number one zero zero"),
        ("12 W 34th Street", "twelve W thirty-fourth Street"),
        ("order A-1234 on COVID-19", "order A one two three four on COVID nineteen"),
        ("10 000 000 or 1.000.000", "ten million or one million"),
        ("on 3 October 2026, 4th May", "on October third, twenty twenty-six, May fourth"),
        ("10/3/2026, 29.11.2026, 10/03/26", "ten three twenty twenty-six, twenty-nine eleven twenty twenty-six, ten three two six"),
        ("Oct. 2026, year 1066", "October twenty twenty-six, year ten sixty-six"),
        ("at 2026-11-29T10:30", "at November twenty-ninth, twenty twenty-six, ten thirty"),
        ("the 1990s, the '80s, 1900s and 2010s", "the nineteen nineties, the eighties, nineteen hundreds and twenty tens"),
        ("at 5pm, 5:30pm, 5:00 PM", "at five pm, five thirty pm, five PM"),
        ("9am-5pm, 9:00-17:00, 10:30:15", "nine am to five pm, nine o'clock to seventeen hundred, ten thirty and fifteen seconds"),
        (
            "5 €, 5,50 €, €1.234,56",
            "five euros, five euros and fifty cents, one thousand two hundred thirty-four euros and fifty-six cents",
        ),
        ("5 USD, CHF 20, ¥500, 99¢", "five US dollars, twenty Swiss francs, five hundred yen, ninety-nine cents"),
        ("$5k, $2M, $.99, -$5", "five thousand dollars, two million dollars, ninety-nine cents, minus five dollars"),
        ("$5-10, $5-$10 or $5/month", "five to ten dollars, five to ten dollars or five dollars per month"),
        ("-5°C, 72°, 5 kWh", "minus five degrees Celsius, seventy-two degrees, five kilowatt hours"),
        ("5 min, 1 h, 3 ft. tall, 5 m², 100m", "five minutes, one hour, three feet tall, five square meters, one hundred meters"),
        ("5'10\" and 44.1 kHz at 5 Mbps", "five foot ten and forty-four point one kilohertz at five megabits per second"),
        ("10-20%, 5-10 kg", "ten to twenty percent, five to ten kilograms"),
        ("1 1/2 cups, 1½, 7/8", "one and one half cups, one and one half, seven eighths"),
        ("24/7, 50-50, on 3/4", "twenty-four seven, fifty fifty, on three four"),
        ("3:1, 2-1, 9-5", "three to one, two to one, nine to five"),
        ("5-star, 10-year-old, 1st-3rd", "five-star, ten-year-old, first to third"),
        ("192.168.0.1", "one nine two dot one six eight dot zero dot one"),
        ("2+2=4, 5+, ~5, ±5", "two plus two equals four, five plus, about five, plus or minus five"),
    ],
)
def test_figures_are_said_in_words(written: str, said: str) -> None:
    assert as_spoken(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No figures here.",
        "Give me 3x4mm",
        "version 1.2.3",
        "25:61 is no time",
        "v2 and B2B",
        "the 2st",
        "Feb 30th is 31:00",
        "http://a.b/1/2",
        "http://a-1.b/c-2",
        "Boeing 747-8",
        "45/99/2026 and 33.11.2026",
    ],
)
def test_what_is_no_such_figure_is_not_taken_for_one(text: str) -> None:
    said = as_spoken(text)
    for part in ("3x4mm", "1.2.3", "25:61", "v2", "B2B", "2st", "http://a.b/1/2", "http://a-1.b/c-2", "747-8", "45/99/2026", "33.11.2026"):
        assert (part in said) == (part in text)


def test_a_language_without_rules_is_left_as_it_is_written() -> None:
    assert as_spoken("Es kostet 5 €.", "de") == "Es kostet 5 €."


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "zero"), (13, "thirteen"), (40, "forty"), (99, "ninety-nine"), (100, "one hundred"), (1_000_001, "one million one")],
)
def test_cardinals(number: int, said: str) -> None:
    assert cardinal(number) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "first"), (12, "twelfth"), (20, "twentieth"), (21, "twenty-first"), (100, "one hundredth"), (103, "one hundred third")],
)
def test_ordinals(number: int, said: str) -> None:
    assert ordinal(number) == said


@pytest.mark.parametrize(
    ("number", "said"), [(1907, "nineteen oh seven"), (2000, "two thousand"), (2010, "twenty ten"), (1100, "eleven hundred")]
)
def test_years(number: int, said: str) -> None:
    assert year(number) == said


@given(st.integers(0, 10**15 - 1))
def test_a_number_is_said_in_words_that_say_it(number: int) -> None:
    small = {cardinal(value): value for value in range(100)}
    scales = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
    total = part = 0
    for word in cardinal(number).split():
        if word == "hundred":
            part *= 100
        elif word in scales:
            total, part = total + part * scales[word], 0
        else:
            part += small[word]
    assert total + part == number


@given(st.text(st.sampled_from("0123456789.,:-/%$€+#@ aZkgmJan")))
def test_any_text_is_said_and_letters_without_figures_stay(text: str) -> None:
    said = as_spoken(text)
    if not re.search(r"[0-9]", text):
        assert as_spoken(said) == said


def test_a_long_text_takes_time_in_proportion() -> None:
    took = []
    for length in (2_000, 16_000):
        began = time.process_time()
        as_spoken("1,2-3.4:5/6@" * (length // 12))
        took.append(time.process_time() - began)
    assert took[1] < 80 * max(took[0], 0.001)
