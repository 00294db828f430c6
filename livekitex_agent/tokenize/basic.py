"""Sentences, words and paragraphs, without a model. What ends a sentence is told as everywhere in this project, for all languages."""

import functools
import itertools
import re
import unicodedata
from typing import Final

from actors import split_sentences
from livekitex_agent.tokenize import token_stream, tokenizer
from livekitex_agent.tokenize.token_stream import Token

__all__ = ["SentenceTokenizer", "WordTokenizer", "split_words", "tokenize_paragraphs"]

_CHARACTER_SCRIPTS: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f]")
"""Of Chinese, Japanese and Thai: words stand without spaces."""
_CLAUSE_ENDS: Final = "，。！？；：、"  # noqa: RUF001 - these are meant
_BLANK_LINES: Final = re.compile(r"\n\s*\n")


class SentenceTokenizer(tokenizer.SentenceTokenizer):
    """Sentences of at least ``min_sentence_len`` characters: shorter ones go with the next.

    ``retain_format`` keeps white space as it is, so that the sentences together are the text.
    """

    def __init__(
        self,
        *,
        language: str = "english",  # noqa: ARG002 - LiveKit's; all languages are told the same way
        min_sentence_len: int = 20,
        stream_context_len: int = 10,
        retain_format: bool = False,
        max_token_len: int | None = None,
        min_token_len: int | None = None,
        xml_aware: bool = False,  # noqa: ARG002 - LiveKit's; no tag ends a sentence here
    ) -> None:
        self._split = functools.partial(_sentences, min_len=min_sentence_len, retain_format=retain_format)
        self._min_token_len = min_sentence_len if min_token_len is None else min_token_len
        self._max_token_len = max_token_len
        self._min_ctx_len = stream_context_len

    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:  # noqa: ARG002 - LiveKit's
        """The sentences of a whole text."""
        return [sentence for sentence, _, _ in self._split(text)]

    def stream(self, *, language: str | None = None) -> tokenizer.SentenceStream:  # noqa: ARG002 - LiveKit's
        """Begin a text that comes in pieces."""
        return token_stream.BufferedSentenceStream(
            tokenizer=self._split, min_token_len=self._min_token_len, min_ctx_len=self._min_ctx_len, max_token_len=self._max_token_len
        )


class WordTokenizer(tokenizer.WordTokenizer):
    """Words between white space, without their punctuation if ``ignore_punctuation``; ``split_character`` cuts scripts without spaces."""

    def __init__(self, *, ignore_punctuation: bool = True, split_character: bool = False, retain_format: bool = False) -> None:
        self._split = functools.partial(
            split_words, ignore_punctuation=ignore_punctuation, split_character=split_character, retain_format=retain_format
        )

    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:  # noqa: ARG002 - LiveKit's
        """The words of a whole text."""
        return [word for word, _, _ in self._split(text)]

    def stream(self, *, language: str | None = None) -> tokenizer.WordStream:  # noqa: ARG002 - LiveKit's
        """Begin a text that comes in pieces."""
        return token_stream.BufferedWordStream(tokenizer=self._split, min_token_len=1, min_ctx_len=1)


def split_words(text: str, *, ignore_punctuation: bool = True, split_character: bool = False, retain_format: bool = False) -> list[Token]:
    """The words of ``text`` and their places. With ``retain_format`` the space before a word is part of it."""
    found: list[Token] = []
    for match in re.finditer(r"\s*\S+" if retain_format else r"\S+", text):
        for start, end in _pieces(match[0], split_character=split_character):
            word = match[0][start:end]
            if ignore_punctuation:
                word = "".join(char for char in word if not is_punctuation(char))
            if word:
                found.append((word, match.start() + start, match.start() + end))
    return found


def is_punctuation(char: str) -> bool:
    """Whether Unicode calls it punctuation or, of ASCII, a symbol."""
    category = unicodedata.category(char)
    return category.startswith("P") or (char.isascii() and category.startswith("S"))


def tokenize_paragraphs(text: str) -> list[str]:
    """The paragraphs of ``text``, between which there are blank lines."""
    return [paragraph.strip() for paragraph in _BLANK_LINES.split(text) if paragraph.strip()]


def _pieces(run: str, *, split_character: bool) -> list[tuple[int, int]]:
    """Where to cut what has no space: behind clauses, and around each character of scripts without spaces if that is wanted."""
    cuts = {0, len(run)}
    for at, char in enumerate(run):
        if split_character and _CHARACTER_SCRIPTS.match(char):
            cuts |= {at, at + 1}
        elif char in _CLAUSE_ENDS and at and not run[at - 1].isdigit():
            cuts.add(at + 1)
    ordered = sorted(cuts)
    return [(start, end) for start, end in itertools.pairwise(ordered) if start < end]


def _sentences(text: str, *, min_len: int, retain_format: bool) -> list[Token]:
    """Sentences and their places; what lies between two belongs to the first."""
    found: list[Token] = []
    start = end = 0
    for sentence in split_sentences(text):
        end = _behind(text, end, sum(not char.isspace() for char in sentence))
        if len(text[start:end].strip()) >= min_len:
            found.append(_token(text, start, end, retain_format=retain_format))
            start = end
    if text[start:].strip():
        found.append(_token(text, start, len(text), retain_format=retain_format))
    elif found and retain_format:
        found[-1] = _token(text, found[-1][1], len(text), retain_format=True)
    return found


def _token(text: str, start: int, end: int, *, retain_format: bool) -> Token:
    return (text[start:end] if retain_format else " ".join(text[start:end].split())), start, end


def _behind(text: str, at: int, chars: int) -> int:
    """The place behind ``chars`` characters that are no white space, from ``at`` on."""
    while chars and at < len(text):
        chars -= not text[at].isspace()
        at += 1
    return at
