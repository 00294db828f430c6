"""Text as it is said: what a voice would misread (numbers, telephone numbers, codes, dates, money, units) in words, for each language.

A language is a module with its table of rules; one that has none is left as it is written.
"""

from types import MappingProxyType
from typing import Final

from actors.providers.spoken import english

_RULES: Final = MappingProxyType({"en": english.RULES})


def as_spoken(text: str, language: str = "en") -> str:
    """``text`` with the rules of ``language`` (ISO 639-1) applied in their order; of a language without rules, ``text`` itself."""
    for pattern, say in _RULES.get(language, ()):
        text = pattern.sub(say, text)
    return text
