"""What is shown of a call: one entry for each thing that happens, as a line."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rich.console import Console
from rich.text import Text

from protocols import printable


class Kind(StrEnum):
    """What an entry is about."""

    CALLER = "caller"
    AGENT = "agent"
    STATE = "state"
    TOOL = "tool"
    TIME = "time"
    ERROR = "error"
    KILL = "KILL"
    BACK = "BACK"
    NOTE = "note"


STYLES: Final = {
    Kind.CALLER: "cyan",
    Kind.AGENT: "green",
    Kind.STATE: "dim",
    Kind.TOOL: "yellow",
    Kind.TIME: "dim",
    Kind.ERROR: "red",
    Kind.KILL: "bold red",
    Kind.BACK: "bold green",
    Kind.NOTE: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened ``at_s`` seconds after the call began."""

    at_s: float
    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.at_s:7.2f}  {self.kind:<7} {printable(self.text)}"


def print_entry(console: Console, entry: Entry) -> None:
    """Print the entry as one line, however wide the terminal is."""
    console.print(Text(str(entry), style=STYLES[entry.kind]), soft_wrap=True)
