"""Cuts a reply, which a model streams in pieces of any size, into sentences for speech.

A sentence is spoken as soon as it is whole. "4.50", "Dr. Smith", "e.g. this", "am 3. Oktober" and "555. 1234" are not torn. However the
text is cut into pieces, the sentences are the same, and put together again they are the text (but for the amount of white space).

Only the full stop is ambiguous: Unicode (TR 29, section 5) calls it ATerm, and all other marks that end a sentence STerm. Those of scripts
that set no space between sentences end one wherever they stand. The abbreviations of all languages are one list, since a reply does not say
which language it is in; what is a word of some language too counts only where a number follows.
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_SENTENCE_CHARS: Final = 300
"""A longer sentence is cut at its last clause, or word, or hard."""

_ABBREVIATIONS: Final = frozenset(
    (
        *("a.m", "approx", "ave", "blvd", "ca", "cf", "co", "corp", "dept", "dr", "e.g", "est", "etc", "ext", "fig", "gen", "hon", "i.e"),
        *("inc", "jr", "lt", "ltd", "max", "min", "mr", "mrs", "ms", "mt", "nr", "p.m", "ph.d", "prof", "rd", "rev", "sen", "sgt"),
        *("sr", "st", "ste", "bldg", "tel", "u.k", "u.s", "vol", "vs"),
        *("bzw", "d.h", "evtl", "ggf", "hr", "inkl", "str", "u.a", "usw", "vgl", "z.b", "zzgl"),  # German
        *("a.c", "aprox", "av", "avda", "d.c", "dña", "dra", "ee", "ej", "gral", "lic", "núm", "pág", "profa"),  # Spanish, Portuguese
        *("sra", "sres", "srta", "ud", "uds", "exma", "exmo"),
        *("bd", "mlle", "mme", "p.ex", "avv", "dott", "sig", "sig.ra", "bijv", "dhr", "mevr"),  # French, Italian, Dutch
        *("ул", "डॉ"),  # Russian, Hindi
    )
)
_BEFORE_NUMBERS: Final = frozenset(
    (
        *("apr", "aug", "dec", "dez", "feb", "fri", "jan", "jul", "jun", "mai", "mar", "mon", "nov", "oct", "okt", "sat", "sep", "sept"),
        *("sun", "thu", "thur", "thurs", "tue", "tues", "wed", "ene", "abr", "ago", "dic", "set", "out"),
        *("apt", "art", "cap", "no", "p", "pos", "pp", "sec"),
    )
)
_ORDINAL_AFTER: Final = frozenset(("ab", "am", "beim", "das", "dem", "den", "der", "des", "die", "im", "ins", "vom", "zum", "zur"))
"""What stands before an ordinal number in German, where the noun after it begins with a capital letter like a sentence."""
_MONTHS: Final = frozenset(("januar", "jänner", "februar", "märz", "mai", "juni", "juli", "oktober", "dezember"))
"""Those that English does not share: "I want 3. August was fine" are two sentences."""
_CLOSERS: Final = r"\"'”’“»›)\]」』）】》〉"  # noqa: RUF001 - these are meant
_SPACED: Final = ".!?…؟۔։።"  # noqa: RUF001 - these are meant
_UNSPACED: Final = "。｡！？।॥។"  # noqa: RUF001 - these are meant
_END: Final = re.compile(rf"[{_SPACED}]+[{_CLOSERS}]*(?=\s)|(?P<unspaced>[{_UNSPACED}]+[{_CLOSERS}]*)(?=[^{_UNSPACED}{_CLOSERS}])")
_CLAUSE: Final = re.compile(rf"[,;:—–،؛][{_CLOSERS}]*(?=\s)|[，、；：][{_CLOSERS}]*")  # noqa: RUF001 - these are meant
_OPENING: Final = "\"'“„«‹([¿¡「『（【《〈"  # noqa: RUF001 - these are meant
_AMBIGUOUS: Final = re.compile(r"[.…]+[^.…!?]*$")
_WORD: Final = re.compile(r"\w+")
_ORDINAL_DIGITS: Final = 2


@dataclass(slots=True)
class SentenceSplitter:
    """Splits one reply; holds at most one sentence."""

    _text: str = ""

    def feed(self, delta: str) -> list[str]:
        """The sentences that ``delta``, the next piece, completes."""
        self._text = _squeeze(self._text + delta)
        sentences = []
        while cut := _cut(self._text):
            sentence, self._text = self._text[:cut].strip(), self._text[cut:].lstrip()
            if sentence:
                sentences.append(sentence)
        return sentences

    def finish(self) -> list[str]:
        """The rest, the reply being over; afterwards the object is as new."""
        return self.feed("\n")


def split_sentences(text: str) -> list[str]:
    """The sentences of a whole text."""
    splitter = SentenceSplitter()
    return splitter.feed(text) + splitter.finish()


def _squeeze(text: str) -> str:
    """White space as one space, or as one line break if it holds one; none at the start."""
    return re.sub(r"\s+", lambda found: "\n" if "\n" in found[0] else " ", text.lstrip())


def _cut(text: str) -> int:
    """Where the first sentence of ``text`` ends for sure, or 0 while that needs more text. More text changes no other answer."""
    window, full = text[: MAX_SENTENCE_CHARS + 1], len(text) > MAX_SENTENCE_CHARS
    line = window.find("\n")
    for end in _END.finditer(window, 0, line + 1 or len(window)):
        if end["unspaced"]:
            return end.end()
        following = window[end.end() + 1 :]
        before = window[: end.start()]
        if not following or (before[-1:].isdigit() and following.isalnum() and not full):  # its first word may not be whole
            break
        if _ends_sentence(before, end[0], following):
            return end.end()
    if line >= 0:
        return line + 1
    return _forced_cut(window[:-1]) if full else 0


def _ends_sentence(before: str, mark: str, following: str) -> bool:
    """Whether ``mark`` after ``before`` ends a sentence that ``following`` would go on."""
    if not _AMBIGUOUS.match(mark):
        return True
    if following[0].islower():
        return False
    words = before.split(" ")
    word = words[-1].lstrip(_OPENING)
    if word.lower() in _ABBREVIATIONS or word == "Apt":
        return False
    if following[0].isdigit() and (word.lower() in _BEFORE_NUMBERS or word.endswith("str")):  # "Jan. 3", "Hauptstr. 4"
        return False
    if word.isdigit():  # "1. Pizza" at the start of a list, "555. 1234" in a phone number
        return not following[0].isdigit() and word != before.strip() and not _is_ordinal(words, following)
    return not (len(word) == 1 and word.isalpha() and not word.islower() and word != "I")


def _is_ordinal(words: list[str], following: str) -> bool:
    """Whether the number that ends ``words`` is a German ordinal: "am 3. Oktober", "im 2. Stock"."""
    if len(words[-1]) > _ORDINAL_DIGITS:
        return False
    article = words[-2] if len(words) > 1 else ""
    is_english = article == "am" and words[-3:-2] == ["I"]
    next_word = _WORD.match(following)
    return (article.lower() in _ORDINAL_AFTER and not is_english) or (next_word is not None and next_word[0].lower() in _MONTHS)


def _forced_cut(head: str) -> int:
    """Where to cut a sentence that is too long: after its last clause, else its last word, else anywhere."""
    clauses = [clause.end() for clause in _CLAUSE.finditer(head)]
    return clauses[-1] if clauses else head.rfind(" ") + 1 or len(head)
