"""What a docstring tells a model: what the function does, and what each parameter means.

Read are the styles of Google (with lists and headings of several words), NumPy, Sphinx, Epytext and Javadoc, also mixed, line by line: a
heading or a field says what the lines after it belong to. The headings are those that Sphinx knows (its extension Napoleon, "Docstring
Sections").
docstring-parser was tried instead (0.18): it loses lists, "Keyword Args" and NumPy's ``a, b : int``, and a section of Google's that begins
with a sentence.
"""

import inspect
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_PARAMETER_SECTIONS: Final = frozenset({"args", "arguments", "parameters", "params", "input", "inputs"})
"""The last word of their headings."""
_OF_PARAMETERS: Final = frozenset(
    {"additional", "call", "function", "input", "key", "keyword", "method", "named", "optional", "other", "positional", "required", "tool"}
)
"""The words before it: "Keyword Args", "Optional parameters"."""
_OTHER_SECTIONS: Final = frozenset(
    (
        *("attention", "attributes", "caution", "danger", "error", "example", "examples", "exceptions", "hint", "important", "keys"),
        *(
            "methods",
            "note",
            "notes",
            "output",
            "outputs",
            "raise",
            "raises",
            "receive",
            "receives",
            "references",
            "return",
            "returns",
            "see also",
            "tip",
        ),
        *("side effects", "todo", "usage", "warning", "warnings", "warn", "warns", "yield", "yields"),
    )
)
_HEADING: Final = re.compile(
    r"(?:#{1,6} |\*\*)?(?P<title>[A-Za-z]+(?: [A-Za-z]+){0,2})(?: \([^()]*\))? ?(?P<colon>:?)\*{0,2}(?P<colon2>:?)\s*$"
)
_RULE: Final = re.compile(r"[-=~]{3,}\s*$")
_FIELD: Final = re.compile(r"[:@](?P<tag>\w+)(?: (?P<argument>[^:\n]*))?:(?:\s+(?P<text>.*)|$)")
_JAVADOC: Final = re.compile(
    r"@(?P<tag>param|arg|argument|property|returns?|throws|example)(?: \{[^{}]*\})?"
    r"(?: \[?(?P<argument>\w+)[^\s\]]*\]?)?(?: -)?(?: (?P<text>.*)|$)"
)
_FIELD_TAGS: Final = frozenset({"param", "parameter", "arg", "argument", "key", "keyword"})
_TYPE: Final = r"(?:\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\]|<[^<>]*>|= ?\S+)?"
_NAME: Final = r"[`*\\]{0,4}\w+[`*]{0,2}"
_ENTRY: Final = re.compile(rf"(?:(?:[-*+•]|\d+[.)]) +)?(?P<names>{_NAME}(?:, ?{_NAME})*) ?{_TYPE} ?(?::|--? |– |— )\s*(?P<text>.*)$")
_NUMPY_ENTRY: Final = re.compile(r"(?P<names>\*{0,2}\w+(?:, ?\*{0,2}\w+)*) ?(?::.*)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Docstring:
    """The text outside the sections, as one paragraph a line, and the meaning of each parameter that is described."""

    description: str
    parameters: Mapping[str, str]


def parse_docstring(text: str | None) -> Docstring:
    """Read a docstring; what is not written is empty.

    A parameter's description may go on in deeper indented lines. Sections other than the parameters' are not for the model.
    """
    reader = _Reader()
    lines = [*inspect.cleandoc(text or "").splitlines(), ""]
    for line, following in itertools.pairwise(lines):
        reader.read(line, following)
    paragraphs = "\n".join(reader.description).split("\n\n")
    return Docstring(
        description="\n".join(filter(None, map(_one_line, paragraphs))),
        parameters={name: _one_line(" ".join(texts)) for name, texts in reader.entries.items()},
    )


class _Reader:
    """Where the next line belongs: ``current`` takes it, ``outer`` is the indentation of a section's entries, once that is known."""

    def __init__(self) -> None:
        self.description: list[str] = []
        self.entries: dict[str, list[str]] = {}
        self._current = self.description
        self._section = ""  # the description's, "google", "numpy", "field" or "other"
        self._outer: int | None = None
        self._blank = False

    def read(self, line: str, following: str) -> None:
        indent = len(line) - len(line.lstrip())
        heading = None if indent else _section(line, following)
        if _RULE.match(line) and self._current is not self.description:
            return  # of the heading before
        if heading:
            self._enter(heading)
        elif not indent and (tag := _FIELD.match(line) or _JAVADOC.match(line)):
            is_heading = tag["tag"].lower() in _PARAMETER_SECTIONS and not tag["text"] and not tag["argument"]
            self._enter("numpy" if is_heading else "field")
            if tag["tag"] in _FIELD_TAGS and (tag["argument"] or "").strip():
                self._current = self._entries(tag["argument"].split()[-1])
            self._current.append(tag["text"] or "")
        elif not line.strip():
            self._current.append("")
        else:
            if self._section and not indent and self._is_over():
                self._enter("")
            self._add(line, indent)
        self._blank = not line.strip()

    def _enter(self, section: str) -> None:
        self._section, self._outer = section, None
        self._current = [] if section else self.description

    def _is_over(self) -> bool:
        """Whether a line without indentation ends the section: a field after a blank line, a section whose entries were indented."""
        return self._blank if self._section == "field" else bool(self._outer)

    def _add(self, line: str, indent: int) -> None:
        if self._section in {"google", "numpy", "other"}:
            self._outer = indent if self._outer is None else self._outer
        if self._section == "google" and indent <= (self._outer or 0) and (entry := _ENTRY.match(line.strip())):
            self._current = self._entries(entry["names"])
            line = entry["text"]
        elif self._section == "numpy" and indent <= (self._outer or 0) and (names := _NUMPY_ENTRY.match(line.strip())):
            self._current = self._entries(names["names"])
            return
        self._current.append(line.strip() if self._section else line)

    def _entries(self, names: str) -> list[str]:
        """The text of the parameters ``names``, with commas between them."""
        texts: list[str] = []
        for name in names.split(","):
            self.entries[name.strip(" *`\\")] = texts
        return texts


def _section(line: str, following: str) -> str:
    """The section that ``line`` is the heading of; empty if it is none."""
    found = _HEADING.match(line)
    if found is None:
        return ""
    title, ruled = found["title"].lower(), bool(_RULE.match(following))
    if not (ruled or found["colon"] or found["colon2"] or line[0] in "#*" or following[:1].isspace()):
        return ""
    if title in _OTHER_SECTIONS:
        return "other"
    *before, last = title.split()
    if last not in _PARAMETER_SECTIONS or not _OF_PARAMETERS.issuperset(before):
        return ""
    return "numpy" if ruled else "google"


def _one_line(text: str) -> str:
    return " ".join(text.split())
