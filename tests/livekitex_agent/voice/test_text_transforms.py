"""What is spoken of a text that was written for reading, however it is cut into pieces."""

import asyncio
from collections.abc import AsyncIterable, Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.voice.text_transforms import DEFAULT_TRANSFORMS, apply_text_transforms, filter_emoji, filter_markdown, replace


async def stream(pieces: Iterable[Any]) -> AsyncIterable[Any]:
    for piece in pieces:
        yield piece


def through(transform: Any, *pieces: str) -> str:
    async def collect() -> str:
        return "".join([piece async for piece in transform(stream(pieces))])

    return asyncio.run(collect())


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("# Menu\n## Pizza\nGood.", "Menu\nPizza\nGood."),
        ("- one\n* two\n+ three\n> four\n> - five", "one\ntwo\nthree\nfour\nfive"),
        ("above\n---\n* * *\nbelow", "above\n\n\nbelow"),
        ("It is **very** good, _really_, ***yes***.", "It is very good, really, yes."),
        ("**_both_** and _**both**_", "both and both"),
        ("see [the menu](https://x.y/z) and ![a pizza](p.png)", "see the menu and a pizza"),
        ("run `ls` or ```python\nprint\n```", "run ls or \nprint\n"),
        ("~~nine~~ten dollars", "ten dollars"),
        ("5 * 3 * 2, snake_case, __init__x, a[1] and 2 ~ 3", "5 * 3 * 2, snake_case, __init__x, a[1] and 2 ~ 3"),
        ("这是**重点**内容", "这是重点内容"),
        ("1. first\n2. second", "1. first\n2. second"),
        ("", ""),
    ],
)
def test_marks_of_markdown_are_not_spoken(written: str, spoken: str) -> None:
    assert through(filter_markdown, written) == spoken
    assert through(filter_markdown, *written) == spoken, "in pieces of a character"


words = st.text(alphabet="abc ,.\n", max_size=6)


@given(st.lists(words, max_size=8))
def test_a_text_without_marks_is_spoken_whole(pieces: list[str]) -> None:
    assert through(filter_markdown, *pieces) == "".join(pieces)
    assert through(filter_emoji, *pieces) == "".join(pieces)


def test_what_is_settled_is_given_at_once() -> None:
    async def first_given() -> str:
        async def endless() -> AsyncIterable[str]:
            yield "Hello there, my"
            raise AssertionError("asked for more before it gave what was settled")

        async for piece in filter_markdown(endless()):
            return piece
        return ""

    assert asyncio.run(first_given()) == "Hello there,"


def test_emoji_are_not_spoken() -> None:
    assert through(filter_emoji, "Hi 😀, ", "❤️", "👩‍👩‍👧 ok 1️⃣!") == "Hi ,  ok 1!"


@pytest.mark.parametrize("case_sensitive", [True, False])
def test_words_are_replaced_the_longest_first_and_not_again(case_sensitive: bool) -> None:
    transform = replace({"a": "b", "ab": "long", "b": "c"}, case_sensitive)
    assert through(transform, "a ab b A") == ("b long c A" if case_sensitive else "b long c b")
    assert through(transform, "a", "b", " a") == "long b"


@given(
    st.dictionaries(st.text(alphabet="abc", min_size=1, max_size=3), st.text(alphabet="abx", max_size=3), max_size=4),
    st.lists(st.text(alphabet="abc", max_size=3), max_size=6),
)
def test_words_are_replaced_however_they_are_cut(replacements: dict[str, str], pieces: list[str]) -> None:
    transform = replace(replacements, case_sensitive=True)
    assert through(transform, *pieces) == through(transform, "".join(pieces))


@pytest.mark.parametrize("replacements", [{}, {"kilometres": "k"}])
def test_a_text_without_the_words_stays(replacements: dict[str, str]) -> None:
    assert through(replace(replacements), "5 ki", "lo", "grams") == "5 kilograms"


def collected(pieces: Sequence[Any], transforms: Sequence[Any]) -> list[Any]:
    async def collect() -> list[Any]:
        return [piece async for piece in apply_text_transforms(stream(pieces), transforms)]

    return asyncio.run(collect())


def test_transforms_follow_each_other_and_leave_what_is_no_text() -> None:
    assert "".join(collected(["**Hi** 😀"], [*DEFAULT_TRANSFORMS, replace({"hi": "Hello"})])) == "Hello "
    assert collected([1, 2], ["filter_markdown"]) == [1, 2]
    assert collected([], ["filter_markdown"]) == []
    with pytest.raises(ValueError, match="'filter_html': give a function, or one of filter_markdown, filter_emoji"):
        apply_text_transforms(stream([]), ["filter_html"])  # type: ignore[list-item]
