"""Text cut into sentences and words, the same at once and in pieces."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent import tokenize

TEXT = "Hi! Dr. Smith paid $4.50. This sentence is a longer one. Ok.\nAnd one more, with a tail"
TEXTS = st.text(st.sampled_from("ab. !?\n,D9，。"), max_size=60)  # noqa: RUF001


async def streamed(stream: Any, text: str, size: int) -> list[str]:
    for at in range(0, len(text), size):
        stream.push_text(text[at : at + size])
    stream.end_input()
    assert stream.closed
    return [token.token async for token in stream]


def test_short_sentences_go_with_the_next() -> None:
    assert tokenize.basic.SentenceTokenizer().tokenize(TEXT) == [
        "Hi! Dr. Smith paid $4.50.",
        "This sentence is a longer one.",
        "Ok. And one more, with a tail",
    ]


@given(TEXTS)
def test_sentences_that_keep_their_format_are_the_text(text: str) -> None:
    sentences = tokenize.blingfire.SentenceTokenizer(retain_format=True, min_sentence_len=3).tokenize(text)
    assert "".join(sentences) == (text if text.strip() else "")


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.asyncio
async def test_sentences_are_the_same_however_the_text_comes(size: int) -> None:
    tokenizer = tokenize.basic.SentenceTokenizer()
    assert await streamed(tokenizer.stream(), TEXT, size) == tokenizer.tokenize(TEXT)


@pytest.mark.asyncio
async def test_tokens_have_lengths_and_segments() -> None:
    stream = tokenize.basic.SentenceTokenizer(min_sentence_len=1, min_token_len=10, max_token_len=12).stream()
    stream.push_text("One. Two. Three. Four")
    stream.flush()
    stream.push_text("Five")
    stream.end_input()
    tokens = [token async for token in stream]
    assert [token.token for token in tokens] == ["One. Two.", "Three. Four", "Five"]
    assert tokens[0].segment_id == tokens[1].segment_id != tokens[2].segment_id
    with pytest.raises(RuntimeError, match="is closed"):
        stream.push_text("more")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ["Hello", "world", "你好", "再见"]),
        ({"ignore_punctuation": False}, ["Hello,", "world!", "你好，", "再见"]),  # noqa: RUF001
        ({"split_character": True}, ["Hello", "world", "你", "好", "再", "见"]),
        ({"retain_format": True, "ignore_punctuation": False}, ["Hello,", "  world!", " 你好，", "再见"]),  # noqa: RUF001
    ],
)
def test_words_are_found_in_all_scripts(options: Any, words: list[str]) -> None:
    assert tokenize.basic.WordTokenizer(**options).tokenize("Hello,  world! 你好，再见") == words  # noqa: RUF001


@pytest.mark.asyncio
async def test_words_come_as_soon_as_they_are_whole() -> None:
    tokenizer = tokenize.basic.WordTokenizer(ignore_punctuation=False)
    assert await streamed(tokenizer.stream(), "one two, three", 1) == ["one", "two,", "three"]
    assert tokenizer.format_words(["a", "b"]) == "a b"


@pytest.mark.asyncio
async def test_a_tokenizer_of_plain_texts_may_be_streamed() -> None:
    stream = tokenize.BufferedSentenceStream(tokenizer=str.split, min_token_len=1, min_ctx_len=1)
    assert await streamed(stream, "a b c", 1) == ["a", "b", "c"]
    await stream.aclose()


def test_paragraphs_stand_between_blank_lines() -> None:
    assert tokenize.basic.tokenize_paragraphs("a\nb\n\n \n c \n\n") == ["a\nb", "c"]


REPLACED = {"CAT": "dog", "e.g": "for example"}


@pytest.mark.parametrize(("text", "replaced"), [("Cat, cats; a cat!", "dog, cats; a dog!"), ("e.g. this", "for example. this"), ("", "")])
@pytest.mark.asyncio
async def test_words_are_replaced_with_their_punctuation_kept(text: str, replaced: str) -> None:
    async def pieces() -> AsyncIterator[str]:
        for char in text:
            yield char

    assert tokenize.utils.replace_words(text=text, replacements=REPLACED) == replaced
    assert "".join([piece async for piece in tokenize.utils.replace_words(text=pieces(), replacements=REPLACED)]) == replaced
