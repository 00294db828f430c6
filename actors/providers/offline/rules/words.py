"""From a sentence, as a recogniser or a writer gives it, to tokens, and to the pattern of those tokens that examples are compared with."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz

from actors.providers.offline.rules.numbers import digits_at, read_digits, read_number

_TOKEN: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
_CONTRACTIONS: Final = {
    "can't": "can not",
    "won't": "will not",
    "let's": "let us",
    "gonna": "going to",
    "wanna": "want to",
    "gimme": "give me",
}
_ENDINGS: Final = {"'d": "would", "'ll": "will", "'m": "am", "'re": "are", "'s": "is", "'ve": "have"}
_FILLERS: Final = frozenset({"ah", "eh", "er", "hm", "please", "uh", "um", "well"})
_HOMOPHONES: Final = {"to": 2, "too": 2, "for": 4, "fore": 4, "won": 1, "ate": 8, "tree": 3, "free": 3}
_SIMILAR: Final = 85.0  # of a word that a recogniser spelt in its own way
_SIMILAR_CHARS: Final = 5  # shorter words are too often like another
_PHONE_DIGITS: Final = 5  # fewer are a number


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """The tokens from ``start`` to ``end`` name ``value`` of the vocabulary called ``kind``; ``plural`` tells how they do it."""

    start: int
    end: int
    kind: str
    value: str
    plural: bool


def tokenize(text: str) -> list[str]:
    """The words and digits of ``text`` in lower case, with contractions written out and fillers left out."""
    tokens: list[str] = []
    for found in _TOKEN.finditer(text.lower().replace("’", "'")):
        token = found[0]
        if token in _CONTRACTIONS:
            tokens += _CONTRACTIONS[token].split()
        elif token.endswith("n't"):
            tokens += [token[:-3], "not"]
        else:
            stem, mark, ending = token.partition("'")
            expanded = _ENDINGS.get(mark + ending)
            tokens += [stem, expanded] if expanded else [stem + ending]
    return [token for token in tokens if token not in _FILLERS]


class Lexicon:
    """Finds the words of vocabularies in sentences. A vocabulary, called a kind, maps each value to the forms in which it is said."""

    def __init__(self, vocabularies: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._forms: dict[str, list[tuple[str, str, bool]]] = {}
        for kind, values in vocabularies.items():
            for value, forms in values.items():
                for form in (value, *forms):
                    phrase = " ".join(tokenize(form))
                    self._forms.setdefault(phrase, []).append((kind, value, phrase.endswith("s")))
        self._by_length: dict[int, list[str]] = {}
        for phrase in self._forms:
            self._by_length.setdefault(len(phrase.split()), []).append(phrase)

    def mentions(self, tokens: Sequence[str], kind: str = "") -> list[Mention]:
        """What ``tokens`` mention, of one kind or of all, longest first at each place; a slightly wrong spelling counts."""
        mentions = []
        at = 0
        while at < len(tokens):
            found = next(self._at(tokens, at, kind), None)
            if found:
                mentions.append(found)
            at = found.end if found else at + 1
        return mentions

    def _at(self, tokens: Sequence[str], at: int, kind: str) -> Iterator[Mention]:
        for likeness in (100.0, _SIMILAR):
            for length in sorted(self._by_length, reverse=True):
                phrase = " ".join(tokens[at : at + length])
                if len(tokens) - at < length or (likeness < 100.0 and len(phrase) < _SIMILAR_CHARS):  # noqa: PLR2004 - exactly alike
                    continue
                forms = [phrase] if likeness == 100.0 else self._by_length[length]  # noqa: PLR2004 - exactly alike
                for form in forms:
                    if fuzz.ratio(phrase, form) < likeness:
                        continue
                    for of, value, plural in self._forms.get(form, ()):
                        if kind in {"", of}:
                            yield Mention(start=at, end=at + length, kind=of, value=value, plural=plural)


def quantity_before(tokens: Sequence[str], mention: Mention, after: int) -> int:
    """How many of it the tokens from ``after`` up to ``mention`` say; one if they say nothing.

    Before a plural, "to" and "for" are the numbers that they sound like.
    """
    for start in range(after, mention.start):
        number, used = read_number(tokens[start : mention.start])
        if used and not (start > after and tokens[start - 1] == "not"):
            return number
    last = tokens[mention.start - 1] if mention.start > after else ""
    return _HOMOPHONES.get(last, 1) if mention.plural else 1


def pattern_of(tokens: Sequence[str], lexicon: Lexicon) -> str:
    """The tokens with each mention as ``_kind``, each number as ``_number`` and a phone number as ``_digits``: what examples look like."""
    mentions = {mention.start: mention for mention in lexicon.mentions(tokens)}
    phone = len(read_digits(tokens)) >= _PHONE_DIGITS
    out: list[str] = []
    at = 0
    while at < len(tokens):
        mention = mentions.get(at)
        used = (digits_at(tokens[at:]) if phone else read_number(tokens[at:]))[1]
        if mention:
            word, used = f"_{mention.kind}", mention.end - mention.start
        elif used:
            word = "_digits" if phone else "_number"
        else:
            word, used = tokens[at], 1
        if word != "_digits" or word not in out:
            out.append(word)
        at += used
    return " ".join(out)
