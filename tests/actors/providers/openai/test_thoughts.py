"""Thoughts that are told as text."""

import pytest

from actors.providers.openai.thoughts import Thoughts


def said(*pieces: str) -> str:
    thoughts = Thoughts()
    return "".join([*map(thoughts.feed, pieces), thoughts.finish()])


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Hello.", "Hello."),
        ("<think>Hm.\nSo.</think>\n\nHello.", "Hello."),
        ("\n <think></think>Hello.", "Hello."),
        ("<b>Hello.", "<b>Hello."),
        ("<th", "<th"),
        ("  ", "  "),
        ("", ""),
        ("<think>without an end", ""),
        ("Hello <think>you</think>.", "Hello <think>you</think>."),
        ("<think>a</think>b<think>c</think>", "b<think>c</think>"),
        ("<think>" + "<" * 100 + "</think>b", "b"),
    ],
)
def test_thoughts_before_the_answer_are_not_said_however_they_are_cut(text: str, heard: str) -> None:
    assert said(*text) == heard
    for at in range(len(text)):
        assert said(text[:at], text[at:]) == heard


def test_an_answer_without_thoughts_is_not_held() -> None:
    assert Thoughts().feed("H") == "H"


def test_a_long_thought_is_not_kept() -> None:
    thoughts = Thoughts()
    for _ in range(1_000):
        thoughts.feed("<think>" + "x" * 1_000)
    assert len(thoughts._held) < 10
