"""What the keys of a terminal mean: letters make a line, and some keys act at once. Pure.

How it works. The terminal gives each key as it is pressed, in pieces of any length; what is not a whole letter yet waits. Keys that a
terminal reports as an escape sequence (arrows and their kin) do nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Act(StrEnum):
    """What a key, or a line that is no text, asks of the console."""

    KILL = "kill"
    QUIT = "quit"


LONGEST: Final = 16_000
"""Characters of a line, which is what a call takes as one text; further letters are not taken."""

CONTROL: Final[Mapping[str, Act]] = MappingProxyType({"\x0b": Act.KILL, "\x04": Act.QUIT})
"""Ctrl-K, and Ctrl-D."""
HOTKEYS: Final[Mapping[str, Act]] = MappingProxyType({"k": Act.KILL, "q": Act.QUIT})
"""The keys of a console where nobody writes."""
COMMANDS: Final[Mapping[str, Act]] = MappingProxyType({"/kill": Act.KILL, "/quit": Act.QUIT})

_ESCAPE: Final = re.compile(rb"\x1b(?:[\[O][0-?]*[ -/]*[@-~]|[^\[O])")
_OPEN_ESCAPE: Final = re.compile(rb"\x1b(?:[\[O][0-?]*[ -/]*)?")
_LONGEST_LETTER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEditor:
    """The line as it stands (``text``), and the bytes that wait for the rest of their letter."""

    text: str = ""
    waiting: bytes = b""


def feed(editor: LineEditor, data: bytes, hotkeys: Mapping[str, Act] = MappingProxyType({})) -> tuple[LineEditor, tuple[str | Act, ...]]:
    """The editor after these keys, and what they gave: whole lines, and what is to be done at once.

    Ctrl-K kills and Ctrl-D quits, and so do ``hotkeys``, the letters of a console where nobody writes.
    """
    letters, waiting = _split(editor.waiting + data)
    acts = {**CONTROL, **hotkeys}
    given: list[str | Act] = []
    text = editor.text
    for letter in letters:
        if letter in acts:
            given.append(acts[letter])
        elif letter in "\r\n":
            given.append(text)
            text = ""
        else:
            text = _edited(text, letter)
    return replace(editor, text=text, waiting=waiting), tuple(given)


def act_of(line: str) -> Act | str | None:
    """What a line is: an act (``/kill``, ``/quit``), a text to send, or None for nothing."""
    word = line.strip()
    return COMMANDS.get(word, word or None)


def _edited(text: str, letter: str) -> str:
    match letter:
        case "\x7f" | "\b":
            return text[:-1]
        case "\x15":  # Ctrl-U
            return ""
        case "\x17":  # Ctrl-W
            return re.sub(r"\S*\s*$", "", text)
        case _:
            return text + letter if letter.isprintable() and len(text) < LONGEST else text


def _split(data: bytes) -> tuple[list[str], bytes]:
    """The letters of ``data``, without escape sequences, and what waits for its rest."""
    letters = []
    while data:
        if whole := _ESCAPE.match(data):
            data = data[whole.end() :]
            continue
        if _OPEN_ESCAPE.fullmatch(data):
            break
        letter, rest = _letter(data)
        if letter is None:
            break
        letters += [letter] * bool(letter)
        data = rest
    return letters, data


def _letter(data: bytes) -> tuple[str | None, bytes]:
    """The first letter of ``data`` and what follows it: None for one that is not whole yet, empty for what is no UTF-8."""
    for size in range(1, _LONGEST_LETTER + 1):
        try:
            return data[:size].decode(), data[size:]
        except UnicodeDecodeError as failure:
            if failure.reason != "unexpected end of data":
                break
            if size >= len(data):
                return None, data
    return "", data[1:]
