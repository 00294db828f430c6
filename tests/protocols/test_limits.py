import pytest

from protocols import MAX_TEXT_CHARS, MessageTooLargeError, UsageError, text_problem


@pytest.mark.parametrize("letter", ["x", "ü", "🍕"])
def test_a_text_may_have_as_many_characters_as_the_limit_says_whatever_they_take(letter: str) -> None:
    assert text_problem(letter * MAX_TEXT_CHARS) is None
    problem = text_problem(letter * (MAX_TEXT_CHARS + 1))
    assert isinstance(problem, MessageTooLargeError)
    assert str(problem) == "the text has 16001 characters, the limit is 16000: send it in parts"


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_an_empty_text_is_none(text: str) -> None:
    assert isinstance(text_problem(text), UsageError)
