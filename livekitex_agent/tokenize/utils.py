"""Words replaced in a text, at once or as it comes."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import overload

from livekitex_agent.tokenize.basic import is_punctuation, split_words

__all__ = ["replace_words"]


@overload
def replace_words(*, text: str, replacements: Mapping[str, str]) -> str: ...
@overload
def replace_words(*, text: AsyncIterable[str], replacements: Mapping[str, str]) -> AsyncIterable[str]: ...
def replace_words(*, text: str | AsyncIterable[str], replacements: Mapping[str, str]) -> str | AsyncIterable[str]:
    """``text`` with each word of ``replacements``, in whatever case, replaced; the punctuation behind it stays."""
    lowered = {word.lower(): replacement for word, replacement in replacements.items()}
    return _replaced(text, lowered) if isinstance(text, str) else _replaced_stream(text, lowered)


def _replaced(text: str, replacements: Mapping[str, str]) -> str:
    parts, at = [], 0
    for word, start, end in split_words(text, ignore_punctuation=False):
        bare = word
        while bare.lower() not in replacements and bare and is_punctuation(bare[-1]):
            bare = bare[:-1]
        if bare.lower() in replacements:
            parts += [text[at:start], replacements[bare.lower()], word[len(bare) :]]
            at = end
    return "".join((*parts, text[at:]))


async def _replaced_stream(text: AsyncIterable[str], replacements: Mapping[str, str]) -> AsyncIterator[str]:
    held = ""
    async for piece in text:
        held += piece
        words = split_words(held, ignore_punctuation=False)
        if len(words) > 1:  # the last may not be whole
            cut = words[-1][1]
            yield _replaced(held[:cut], replacements)
            held = held[cut:]
    if held:
        yield _replaced(held, replacements)
