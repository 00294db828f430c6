"""What a docstring of Google's style tells a model: what the function does, and what each parameter means."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass

_SECTION = re.compile(r"(Args|Arguments|Parameters|Returns|Return|Yields|Raises|Example|Examples|Note|Notes|Attributes):\s*$")
_PARAMETER = re.compile(r"\*{0,2}(?P<name>\w+)(?:\s*\([^)]*\))?:\s*(?P<text>.*)$")
_PARAMETER_SECTIONS = ("Args", "Arguments", "Parameters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Docstring:
    """The text before the first section, as one paragraph a line, and the meaning of each parameter that is described."""

    description: str
    parameters: Mapping[str, str]


def parse_docstring(text: str | None) -> Docstring:
    """Read a docstring; what is not written is empty.

    A parameter's description may go on in deeper indented lines. Sections other than the parameters' are not for the model.
    """
    sections: dict[str, list[str]] = {}
    current = sections.setdefault("", [])
    for line in inspect.cleandoc(text or "").splitlines():
        if heading := _SECTION.match(line):
            current = sections.setdefault(heading[1], [])
        else:
            current.append(line)
    parameters: dict[str, str] = {}
    for name in _PARAMETER_SECTIONS:
        parameters |= _parameters(sections.get(name, []))
    paragraphs = "\n".join(sections[""]).split("\n\n")
    return Docstring(description="\n".join(filter(None, map(_one_line, paragraphs))), parameters=parameters)


def _parameters(lines: list[str]) -> dict[str, str]:
    entries: dict[str, list[str]] = {}
    current: list[str] = []
    outer: int | None = None
    for line in filter(str.strip, lines):
        indent = len(line) - len(line.lstrip())
        outer = indent if outer is None else outer
        entry = _PARAMETER.match(line.strip())
        if entry and indent <= outer:
            current = entries.setdefault(entry["name"], [])
            current.append(entry["text"])
        else:
            current.append(line.strip())
    return {name: _one_line(" ".join(texts)) for name, texts in entries.items()}


def _one_line(text: str) -> str:
    return " ".join(text.split())
