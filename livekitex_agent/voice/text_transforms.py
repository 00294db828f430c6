"""Changes of an agent's text before it is spoken, piece by piece as it comes: without Markdown, without emoji, with other words.

Each takes pieces and gives pieces. What may still become something else with the next piece is held back; at the end all is given.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

TextTransform: TypeAlias = Callable[[AsyncIterable[str]], AsyncIterable[str]]
TextTransforms: TypeAlias = Literal["filter_markdown", "filter_emoji"] | TextTransform

DEFAULT_TRANSFORMS: Final[tuple[TextTransforms, ...]] = ("filter_markdown", "filter_emoji")
"""Those of a voice to which none are given."""

# Thai, Hangul, kana, Han: written without spaces, or with particles at the word, so emphasis may touch a letter there.
_UNSPACED: Final = "\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9d"
_LETTER: Final = rf"[^\W{_UNSPACED}]"
_STARS_BEGIN: Final = rf"(?<!{_LETTER})(?<!\*)"
_LINE_MARKS: Final = re.compile(r"\s{0,3}(?:#{1,6}|[-+*]|>)\s+")
_RULE: Final = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
_INLINE: Final = re.compile(r"[*_`~\[]")
_STARS: Final = re.compile(rf"{_STARS_BEGIN}(\*{{1,3}})(?!\s)([^*\n]+?)(?<!\s)\1(?!{_LETTER})(?!\*)")
_LINES: Final = re.compile(r"(?<!\w)(_{1,3})(?!\s)([^_\n]+?)(?<!\s)\1(?!\w)")
_REPLACED: Final[Sequence[tuple[re.Pattern[str], str]]] = (
    (re.compile(r"!\[([^\]]*)\]\([^)]*\)"), r"\1"),  # of images the text, before links: one may be a link's
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (_STARS, r"\2"),
    (_LINES, r"\2"),
    (_STARS, r"\2"),  # those around what the underscores were around
    (re.compile(r"`{3,}\S*"), ""),  # a fence, with its language
    (re.compile(r"`([^`]+?)`"), r"\1"),
    (re.compile(r"~~(?!\s)[^~]*?(?<!\s)~~"), ""),  # what was struck out is not said
)
_MAY_OPEN: Final = re.compile(rf"{_STARS_BEGIN}\*{{1,3}}(?![\s*])|(?<!\w)_{{1,3}}(?![\s_])")
_OPEN_LINK: Final = re.compile(r"\[[^\]]*(?:\]|\]\([^)]*)?$")
_MAY_GROW: Final = tuple("#-+*_>!`~ ")
_CUTS: Final = " ,.?!;，。？！；"  # noqa: RUF001

_EMOJI: Final = re.compile("[\U0001f000-\U0001fbff\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u200d\u20e3]+")


async def filter_markdown(text: AsyncIterable[str]) -> AsyncIterable[str]:
    """The text without Markdown's marks: headings, lists, quotes, rules, emphasis, code, links; what is struck out is left out."""
    held, at_start = "", True
    async for piece in text:
        held += piece
        *lines, held = held.split("\n")
        for line in lines:
            yield _without_marks(line, at_start=at_start, whole=True) + "\n"
            at_start = True
        cut = max(map(held.rfind, _CUTS))
        if cut >= 1 and not _is_open(held[:cut]):
            yield _without_marks(held[:cut], at_start=at_start, whole=False)
            held, at_start = held[cut:], False
    if held:
        yield _without_marks(held, at_start=at_start, whole=True)


def _is_open(text: str) -> bool:
    """Whether what comes may make a mark of something in it."""
    if text.endswith(_MAY_GROW) or text.count("`") % 2 or text.count("~~") % 2 or _OPEN_LINK.search(text):
        return True
    for pattern in (_STARS, _LINES, _STARS):
        text = pattern.sub(r"\2", text)
    return _MAY_OPEN.search(text) is not None


def _without_marks(line: str, *, at_start: bool, whole: bool) -> str:
    if at_start:
        if whole and _RULE.fullmatch(line):
            return ""
        while mark := _LINE_MARKS.match(line):
            line = line[mark.end() :]
    if _INLINE.search(line):
        for pattern, replacement in _REPLACED:
            line = pattern.sub(replacement, line)
    return line


async def filter_emoji(text: AsyncIterable[str]) -> AsyncIterable[str]:
    """The text without emoji and what joins them."""
    async for piece in text:
        yield _EMOJI.sub("", piece)


def replace(replacements: Mapping[str, str], case_sensitive: bool = False) -> TextTransform:  # noqa: FBT001, FBT002 - LiveKit's
    """A transform that puts other words in the place of some, wherever they stand, the longest first; what it has put is not read again."""
    if not replacements:
        return _unchanged
    flags = re.NOFLAG if case_sensitive else re.IGNORECASE
    fold = str if case_sensitive else str.lower
    words = {fold(word): new for word, new in replacements.items()}
    whole = re.compile(_any_of(replacements), flags)
    starts = [word[:length] for word in replacements for length in range(1, len(word))]
    beginning = re.compile(f"(?:{_any_of(starts)})\\Z", flags) if starts else None
    reach = max(map(len, replacements)) - 1

    def settled(text: str) -> int:
        """How much of ``text`` no further piece can change."""
        begun = beginning.search(text, max(0, len(text) - reach)) if beginning else None
        cut = begun.start() if begun else len(text)
        return next((found.end() for found in whole.finditer(text) if found.start() < cut < found.end()), cut)

    def changed(text: str) -> str:
        return whole.sub(lambda found: words[fold(found[0])], text)

    async def transform(text: AsyncIterable[str]) -> AsyncIterable[str]:
        held = ""
        async for piece in text:
            held += piece
            cut = settled(held)
            if cut:
                yield changed(held[:cut])
            held = held[cut:]
        if held:
            yield changed(held)

    return transform


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


async def _unchanged(text: AsyncIterable[str]) -> AsyncIterable[str]:
    async for piece in text:
        yield piece


_BY_NAME: Final[Mapping[str, TextTransform]] = {"filter_markdown": filter_markdown, "filter_emoji": filter_emoji}


def apply_text_transforms(text: AsyncIterable[Any], transforms: Sequence[TextTransforms]) -> AsyncIterable[Any]:
    """``text`` through all ``transforms``, the first first. A stream whose first piece is no text is given as it is.

    Raises:
        ValueError: one is none, or has an unknown name.
    """
    chosen = [_transform(each) for each in transforms]

    async def through() -> AsyncGenerator[Any, None]:
        pieces = aiter(text)
        async for first in pieces:
            stream = _again(first, pieces)
            for transform in chosen if isinstance(first, str) else ():
                stream = transform(stream)
            async for piece in stream:
                yield piece

    return through()


def require_transforms(transforms: Sequence[TextTransforms]) -> None:
    """Refuse what is no transform; raises as `apply_text_transforms`."""
    for each in transforms:
        _transform(each)


def _transform(given: TextTransforms) -> TextTransform:
    if isinstance(given, str) and given in _BY_NAME:
        return _BY_NAME[given]
    if callable(given):
        return given
    raise ValueError(f"Invalid transform: {given!r}: give a function, or one of {', '.join(_BY_NAME)}")


async def _again(first: Any, others: AsyncIterable[Any]) -> AsyncIterable[Any]:  # noqa: ANN401 - any piece
    yield first
    async for piece in others:
        yield piece
