"""What keys mean, however the terminal cuts them into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.console.line_editor import HOTKEYS, LONGEST, Act, LineEditor, act_of, feed


def fed(*pieces: bytes, hotkeys: bool = False) -> tuple[str, list[str | Act]]:
    editor, given_all = LineEditor(), []
    for piece in pieces:
        editor, results = feed(editor, piece, HOTKEYS if hotkeys else {})
        given_all += results
    return editor.text, given_all


@pytest.mark.parametrize(
    ("keys", "text", "results"),
    [
        (b"hello", "hello", []),
        (b"hello\r", "", ["hello"]),
        (b"one\ntwo\n", "", ["one", "two"]),
        (b"helx\x7flo\b", "hell", []),
        (b"one two\x17", "one ", []),
        (b"one two\x15x", "x", []),
        (b"wait\x0b", "wait", [Act.KILL]),
        (b"\x04", "", [Act.QUIT]),
        (b"a\x1b[Ab\x1b[1;5Cc\x1bOPd\x1bxe", "abcde", []),
        ("größe\r".encode(), "", ["größe"]),
        (b"a\xff\xfeb\xc3\x28", "ab(", []),
        (b"a\x00\x01b", "ab", []),
        (b"kq", "kq", []),
    ],
)
def test_keys_make_a_line_or_an_act(keys: bytes, text: str, results: list[str | Act]) -> None:
    assert fed(keys) == (text, results)


def test_where_nobody_writes_a_letter_is_enough() -> None:
    assert fed(b"kxq\x0b", hotkeys=True) == ("x", [Act.KILL, Act.QUIT, Act.KILL])


def test_a_line_is_as_long_as_a_call_takes() -> None:
    text, _ = fed(b"x" * (LONGEST + 10))
    assert len(text) == LONGEST


@given(st.lists(st.one_of(st.text(max_size=5).map(str.encode), st.binary(max_size=5), st.just(b"\x1b[A"))), st.randoms())
def test_how_the_keys_are_cut_does_not_matter(pieces: list[bytes], random: object) -> None:
    whole = b"".join(pieces)
    once = feed(LineEditor(), whole)
    editor, results = LineEditor(), []
    for number in range(len(whole)):
        editor, given_now = feed(editor, whole[number : number + 1])
        results += given_now
    assert (editor, tuple(results)) == once


@pytest.mark.parametrize(
    ("line", "act"), [("/kill", Act.KILL), (" /quit ", Act.QUIT), ("", None), ("  ", None), (" hello ", "hello"), ("/other", "/other")]
)
def test_a_line_is_a_text_or_an_act(line: str, act: Act | str | None) -> None:
    assert act_of(line) == act
