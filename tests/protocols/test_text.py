"""Text without lone surrogates, whole and in pieces."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols import WellFormedStream, well_formed

ANY_TEXT = st.text(st.characters(codec=None, categories=None))
"""Lone surrogates and all."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a pizza", "a pizza"),
        ("Größe 👍", "Größe 👍"),
        ("a pizza \ud83c", "a pizza �"),
        ("\udf55 pizza", "� pizza"),
        ("\ud83c\udf55", "🍕"),
        ("\udf55\ud83c", "��"),
        ("\ud83c\ud83c\udf55x", "�🍕x"),
        ("menu-\udce4.txt", "menu-�.txt"),
    ],
)
def test_lone_surrogates_are_replaced_and_pairs_put_together(text: str, expected: str) -> None:
    assert well_formed(text) == expected


@given(ANY_TEXT)
def test_any_text_can_be_encoded_afterwards_and_what_could_be_before_stays_as_it_is(text: str) -> None:
    formed = well_formed(text)
    formed.encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        assert formed != text
    else:
        assert formed == text


@given(st.lists(ANY_TEXT))
@example(["a \ud83c", "\udf55", "\ud83c"])
def test_in_whatever_pieces_it_comes_the_text_is_the_same(pieces: list[str]) -> None:
    stream = WellFormedStream()
    assert "".join([*map(stream.feed, pieces), stream.finish()]) == well_formed("".join(pieces))
