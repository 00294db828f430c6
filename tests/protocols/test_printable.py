import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("\x85\u2028\u2029", "\\x85\\u2028\\u2029"),
        ("\u202egnp.exe \u2066x\u2069 \u200f\u061c", "\\u202egnp.exe \\u2066x\\u2069 \\u200f\\u061c"),
        ("a pizza \ud83c", "a pizza \\ud83c"),
        ("tab\tnul\0del\x7f", "tab\\tnul\\x00del\\x7f"),
        ("Grüße, 你好, नमस्ते, 🍕 [red]", "Grüße, 你好, नमस्ते, 🍕 [red]"),
    ],
)
def test_what_is_unsafe_is_shown_escaped_and_the_rest_as_it_is(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_is_to_stay_stays() -> None:
    assert printable("a\n\tb\x1b", keep="\n") == "a\n\\tb\\x1b"


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_it_is_it_takes_one_line_and_can_be_encoded(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown
    assert printable(shown) == shown
