import pytest

from protocols import TimedWord, timing_problem


def word(start_ms: int, end_ms: int, text: str = "word") -> TimedWord:
    return TimedWord(text=text, start_ms=start_ms, end_ms=end_ms)


@pytest.mark.parametrize(
    "words",
    [
        (),
        (word(0, 0),),
        (word(0, 100), word(100, 200)),
        (word(0, 150), word(100, 200)),  # spoken into each other
        (word(0, 150), word(0, 100)),
    ],
)
def test_words_in_order_have_no_problem(words: tuple[TimedWord, ...]) -> None:
    assert timing_problem(words) is None


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((word(-1, 100),), "lasts from -1 to 100 ms"),
        ((word(100, 99),), "lasts from 100 to 99 ms"),
        ((word(100, 200), word(99, 300, "late")), "'late' begins at 99 ms, before the word before it"),
        ((word(0, 10), word(5, 1)), "lasts from 5 to 1 ms"),
    ],
)
def test_a_word_out_of_place_is_named(words: tuple[TimedWord, ...], problem: str) -> None:
    assert problem in (timing_problem(words) or "")
