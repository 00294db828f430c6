"""What words mean that are said while the agent speaks: that somebody listens, or that he wants to be heard.

How it works: both the text and the listed phrases are brought to one form: no case, no accents, no punctuation, no lengthened letters
("Mmmm-HM!" is "m hm"). Then the text is read from its beginning, each time the longest phrase that fits. Back-channels in a row are one
back-channel, however many. An interruption counts where nothing but back-channels and openers stands before it: "yeah, but", "no, wait";
not "I know". The longest phrase wins: "no problem" is no "no".
"""

import re
import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from unicodedata import east_asian_width

from actors.turn_taking.phrases import PHRASES, SOUNDS, Phrases
from protocols import primary_language

MAX_CHARS: Final = 200
"""Longer text is no back-channel; only its beginning is searched for an interruption."""
LEAST_ECHO: Final = 2
ECHO_SHARE: Final = 0.75
"""Of an echo's words; recognition takes some for others."""
_WORD: Final = re.compile(r"[^\W_]+")
_LENGTHENED: Final = re.compile(r"(.)\1+")

Words = tuple[str, ...]


class _Kind(StrEnum):
    BACK_CHANNEL = "back_channel"
    INTERRUPTION = "interruption"
    OPENER = "opener"


def is_back_channel(text: str, language: str, phrases: Mapping[str, Phrases] = PHRASES) -> bool:
    """Whether ``text`` only shows that somebody listens: "uh-huh", "yeah, okay", "ajá".

    ``language`` is a BCP 47 tag; of one that is not in ``phrases``, or is not known (empty), only the sounds of all languages count. Text
    without a word (nothing was recognised) is none.
    """
    words = _words(text[: MAX_CHARS + 1])
    found = _read(words, _table(phrases.get(primary_language(language))))
    return len(words) > 0 and len(text) <= MAX_CHARS and found is not None and set(found) == {_Kind.BACK_CHANNEL}


def is_interruption(text: str, language: str, phrases: Mapping[str, Phrases] = PHRASES) -> bool:
    """Whether ``text`` begins with words that want the speaker to stop: "stop", "yeah, but", "no".

    False says nothing: other words may interrupt too, by their number or their meaning. Languages as in `is_back_channel`.
    """
    found = _read(_words(text[:MAX_CHARS]), _table(phrases.get(primary_language(language))))
    return found is not None and _Kind.INTERRUPTION in found


def count_words(text: str) -> int:
    """How many words ``text`` has; in scripts without spaces each character is one."""
    return sum(max(1, sum(east_asian_width(char) in "WF" for char in word)) for word in _WORD.findall(text))


def repeats(text: str, said: str) -> bool:
    """Whether ``text`` is an echo of what was ``said``: two words at least, nearly all of them words of it, in its order."""
    words, known = list(_words(text)), list(_words(said))
    if len(words) < LEAST_ECHO:
        return False
    matched = sum(block.size for block in SequenceMatcher(a=words, b=known, autojunk=False).get_matching_blocks())
    return matched >= ECHO_SHARE * len(words)


def _read(words: Words, table: Mapping[Words, _Kind]) -> list[_Kind] | None:
    """The kinds of the phrases that ``words`` are made of, up to the first interruption; None if something else comes before one."""
    longest = max(map(len, table))
    found, at = list[_Kind](), 0
    while at < len(words):
        for length in range(min(longest, len(words) - at), 0, -1):
            kind = table.get(words[at : at + length])
            if kind is not None:
                break
        else:
            return None
        found.append(kind)
        if kind is _Kind.INTERRUPTION:
            break
        at += length
    return found


@lru_cache(maxsize=32)
def _table(phrases: Phrases | None) -> Mapping[Words, _Kind]:
    """Each phrase as its words, with what it means; what somebody lists as an interruption is one, whatever else it is listed as."""
    own = phrases or Phrases(back_channels=())
    kinds = [
        (_Kind.OPENER, own.openers),
        (_Kind.BACK_CHANNEL, SOUNDS.back_channels + own.back_channels),
        (_Kind.INTERRUPTION, own.interruptions),
    ]
    return MappingProxyType({_words(phrase): kind for kind, listed in kinds for phrase in listed})


def _words(text: str) -> Words:
    """``text`` in the form in which phrases are compared."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(_LENGTHENED.sub(r"\1", word) for word in _WORD.findall(bare))
