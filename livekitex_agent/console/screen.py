"""What the console shows: entries as lines, and on a terminal below them what is going on now and the line that is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from livekitex_agent.console.entries import Entry, Kind, print_entry
from protocols import printable

CURSOR: Final = "▏"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is going on now. ``heard`` is what is understood of the caller so far, ``typed`` the line that he writes (None: he speaks)."""

    state: str = "starting"
    incarnation: int = 0
    os_pid: int | None = None
    heard: str = ""
    typed: str | None = None
    keys: str = ""


class Screen(Protocol):
    """Where the console shows itself."""

    def add(self, entry: Entry) -> None:
        """Show one more entry."""
        ...

    def show(self, status: Status) -> None:
        """Show what is going on now."""
        ...


class PlainScreen:
    """One line an entry, and nothing else."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def add(self, entry: Entry) -> None:
        """Print the entry."""
        print_entry(self._console, entry)

    def show(self, status: Status) -> None:
        """Nothing: the entries say it."""


class PromptScreen:
    """The entries scroll above two lines that stay: the status, and what the caller says or writes."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def add(self, entry: Entry) -> None:
        """Print the entry above; the state stands in the status."""
        if entry.kind is not Kind.STATE:
            print_entry(self._live.console, entry)

    def show(self, status: Status) -> None:
        """Replace the two lines."""
        self._live.update(Group(*status_lines(status, self._live.console.width)), refresh=True)


def status_lines(status: Status, width: int) -> tuple[Text, Text]:
    """The two lines, each as wide as there is room."""
    process = "no process" if status.os_pid is None else f"process {status.os_pid}"
    first = f"{status.state} · incarnation {status.incarnation} · {process} · {status.keys}"
    heard = f"… {printable(status.heard)}" if status.heard else ""
    second = heard if status.typed is None else f"> {printable(status.typed)}{CURSOR}"
    room = max(1, width - 1)
    return Text(first[:room], style="dim", no_wrap=True), Text(second[:2] + second[2:][-max(1, room - 2) :], style="cyan", no_wrap=True)


@contextmanager
def open_screen(console: Console, *, interactive: bool) -> Iterator[Screen]:
    """The screen that fits ``console``: with a status on a terminal that somebody sits at, plain lines otherwise."""
    if not interactive or not console.is_terminal or console.is_dumb_terminal:
        yield PlainScreen(console)
        return
    with Live(Text(""), console=console, auto_refresh=False, transient=True) as live:
        yield PromptScreen(live)
