"""The events of a call as the table in ``docs/events.md``, from their definitions alone."""

import dataclasses
import inspect
import typing
from pathlib import Path

from protocols import SessionEvent, event_types

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
BEGIN, END = "<!-- printed from the definitions -->", "<!-- end of what is printed -->"


def event_table() -> str:
    """A heading for each area, and below it a row for each event: name, fields, whether it is kept, the first sentence of its docstring."""
    areas: dict[str, list[type[SessionEvent]]] = {}
    for cls in event_types():
        areas.setdefault(cls.__module__, []).append(cls)
    parts = []
    for module in sorted(areas):
        heading = (inspect.getmodule(areas[module][0]) or inspect).__doc__ or ""
        rows = [_row(cls) for cls in areas[module]]
        parts.append("\n".join([f"### `{module.rpartition('.')[2]}`", "", _sentence(heading), "", *_HEAD, *rows, ""]))
    return "\n".join(parts)


_HEAD = ("| event | fields | kept | |", "|---|---|---|---|")


def _row(cls: type[SessionEvent]) -> str:
    hints = typing.get_type_hints(cls)
    fields = ", ".join(f"`{field.name}`: {_type(hints[field.name])}" for field in dataclasses.fields(cls))  # type: ignore[arg-type]
    kept = "no" if not cls.KEPT else "yes" if cls.kept is SessionEvent.kept else "some"
    return f"| `{cls.__name__}` | {fields} | {kept} | {_sentence(cls.__doc__ or '')} |"


def _type(annotation: object) -> str:
    shown = annotation.__name__ if type(annotation) is type else str(annotation).replace("protocols.events.values.", "")
    return shown.replace("|", "or")


def _sentence(text: str) -> str:
    paragraph = " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
    return paragraph.replace("|", "\\|")


def page_with(table: str) -> str:
    """The page with ``table`` in its place."""
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table}\n{END}{rest.split(END)[1]}"
