"""Where in its text a voice is: never behind what was heard by more than a clause, never beyond what was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.media import MAX_CLAUSE_CHARS, clause_starts, heard_chars, pace, surely_spoken, units
from actors.media.spoken_text import SLOWEST_UNITS_PER_S, STEADINESS
from protocols import TimedWord

TEXTS = st.text(alphabet="ab é1,.;? \n今日、。", max_size=200)
SENTENCE = "I have three pizzas, two salads and a bottle of water for you, and that makes fifty dollars."


def timed(text: str, ms_per_char: int = 70) -> tuple[TimedWord, ...]:
    """The words of ``text`` as a voice tells them that needs so long for each character."""
    words, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        bare = word.rstrip(",.")
        words.append(TimedWord(text=bare, start_ms=at * ms_per_char, end_ms=(at + len(bare)) * ms_per_char))
        at += len(word)
    return tuple(words)


@pytest.mark.parametrize(
    ("text", "played_s", "total_s", "heard"),
    [
        ("I have three pizzas.", 1.0, 2.0, "I have"),
        ("I have three pizzas.", 2.0, 2.0, "I have three pizzas."),
        ("I have three pizzas.", 9.0, 2.0, "I have three pizzas."),
        ("I have three pizzas.", 0.0, 2.0, ""),
        ("I have three pizzas.", -1.0, 2.0, ""),
        ("I have three pizzas.", 0.5, None, "I have"),
        ("I have three pizzas.", 99.0, None, "I have three pizzas."),
        ("", 1.0, None, ""),
        ("Call 4155550123 now", 1.0, 2.0, "Call"),  # the digits are most of it
        ("今日はいい天気です", 1.0, 1.8, "今日はいい"),  # no spaces: each character is a place
        ("Word", 0.5, 1.0, ""),
    ],
)
def test_what_was_heard_is_whole_words(text: str, played_s: float, total_s: float | None, heard: str) -> None:
    assert text[: heard_chars(text, played_s, total_s)] == heard


def test_where_the_voice_tells_its_words_a_word_counts_once_half_of_it_was_heard() -> None:
    words = timed(SENTENCE)
    for number, word in enumerate(words):
        middle = (word.start_ms + word.end_ms) / 2000
        known = " ".join(SENTENCE.split()[: number + 1]).rstrip(",.")
        assert SENTENCE[: heard_chars(SENTENCE, middle, 20.0, words)].rstrip(",.") == known
        before = SENTENCE[: heard_chars(SENTENCE, middle - 0.001, 20.0, words)].rstrip(",.")
        assert before == " ".join(SENTENCE.split()[:number]).rstrip(",.")


def test_words_that_do_not_stand_in_the_text_are_passed_over() -> None:
    text = "It costs 25 dollars."
    said = ["It", "costs", "twenty", "five", "", "dollars"]
    words = tuple(TimedWord(text=word, start_ms=300 * number, end_ms=300 * number + 250) for number, word in enumerate(said))
    assert text[: heard_chars(text, 1.1, 2.0, words)] == "It costs"
    assert text[: heard_chars(text, 1.7, 2.0, words)] == "It costs 25 dollars"
    assert text[surely_spoken(text, 1.1, None, words) :] == "25 dollars.", "what cannot be placed is said again"


def test_the_rest_of_a_sentence_begins_with_the_word_that_is_not_whole() -> None:
    words = timed(SENTENCE)
    assert SENTENCE[surely_spoken(SENTENCE, words[3].end_ms / 1000 + 0.05, None, words) :].startswith("two salads")
    text = "That costs $5, or so."
    paid = surely_spoken(text, 0.8, None, (TimedWord(text="costs", start_ms=300, end_ms=700),))
    assert text[paid:] == "$5, or so."
    done = surely_spoken("Well done!", 0.8, None, (TimedWord(text="done", start_ms=300, end_ms=700),))
    assert done == len("Well done!")
    no_spaces = surely_spoken("今日はいい", 0.8, None, (TimedWord(text="今日", start_ms=300, end_ms=700),))
    assert no_spaces == 2


def test_words_that_are_not_over_yet_leave_it_to_the_clauses() -> None:
    assert surely_spoken(SENTENCE, 0.05, None, timed(SENTENCE)) == 0


@given(TEXTS)
def test_clauses_are_short_and_lose_nothing(text: str) -> None:
    starts = clause_starts(text)
    assert starts[0] == 0
    assert list(starts) == sorted(set(starts))
    assert all(end - start <= MAX_CLAUSE_CHARS for start, end in zip(starts, (*starts[1:], len(text)), strict=True))


def test_clauses_begin_behind_their_marks() -> None:
    clauses = ["Yes, ", "at 4:30; ", "that is ", "3.5 km", "."]
    text = "".join(clauses)
    assert [text[start:] for start in clause_starts(text)] == [text, text[5:], text[14:]]
    assert clause_starts("好的，我知道了。") == (0, 3)  # noqa: RUF001 - it is meant


@given(TEXTS, st.floats(0, 60), st.floats(5, 30) | st.none(), st.floats(1.0, 1.2))
def test_nothing_is_taken_for_spoken_that_was_not(text: str, played_s: float, known: float | None, faster: float) -> None:
    """However a voice's pace varies within its steadiness, all text before the place has been said."""
    slowest = SLOWEST_UNITS_PER_S if known is None else known * STEADINESS
    char = surely_spoken(text, played_s, known)
    assert units(text[:char]) <= played_s * slowest * faster + 1e-3
    assert char in clause_starts(text)


@given(TEXTS, st.floats(0.1, 60), st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_more_audio_is_never_less_text(text: str, total_s: float, one: float, other: float, known: bool) -> None:
    first, second = sorted((one * total_s, other * total_s))
    words = timed(text) if known else ()
    total = total_s if known else None
    assert heard_chars(text, first, total, words) <= heard_chars(text, second, total, words)
    assert surely_spoken(text, first, None, words) <= surely_spoken(text, second, None, words)


def test_a_pace_is_told_by_what_is_long_enough() -> None:
    assert pace("Yes.", 0.4) is None
    assert pace("Five six seven eight nine ten.", 0.0) is None
    assert pace("Five six seven eight nine ten.", 2.0) == 15.0


@pytest.mark.parametrize(("text", "as_long_as"), [("$5", 10), ("100 %", 19), ("a+b", 8), ("日本", 6), ("a - b", 5)])
def test_what_is_said_as_a_word_is_as_long_as_one(text: str, as_long_as: float) -> None:
    assert units(text) == as_long_as
