"""What the demo shows: a live screen on a terminal, plain lines elsewhere. Both show the same entries."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from livekitex_agent.console import screen as entries
from livekitex_agent.console.entries import STYLES, Entry, Kind
from protocols import printable

VISIBLE_ENTRIES: Final = 24
"""Newest entries on the live screen, fewer where it is lower; the older ones scroll out of it."""
NARROW: Final = 80
"""A terminal that is narrower, or lower than `LOW`, shows plain lines: a screen of two halves would show neither."""
LOW: Final = 12
FRAME: Final = 2
"""Lines of a panel's frame."""


class Screen(Protocol):
    """Where the demo shows itself."""

    def add(self, entry: Entry) -> None:
        """Show one more entry."""
        ...

    def tree(self, lines: Sequence[str]) -> None:
        """Show the supervision tree as it is now."""
        ...


class PlainScreen(entries.PlainScreen):
    """One line an entry, at once; the tree whenever it has changed."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._console = console
        self._tree: tuple[str, ...] = ()

    def tree(self, lines: Sequence[str]) -> None:
        """Print the lines of the tree that are new."""
        known = set(self._tree)
        for line in lines:
            if line not in known:
                self._console.out(f"         tree    {line}", highlight=False)
        self._tree = tuple(lines)


class LiveScreen:
    """The newest entries beside the tree, redrawn in place."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=VISIBLE_ENTRIES)
        self._tree: tuple[str, ...] = ()
        self._state = ""

    def add(self, entry: Entry) -> None:
        """Take the entry up; a change of state goes to the title only."""
        if entry.kind is Kind.STATE:
            self._state = entry.text
        else:
            self._entries.append(entry)

    def tree(self, lines: Sequence[str]) -> None:
        """Replace the tree."""
        self._tree = tuple(lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The whole screen, as much of it as the terminal has room for now: the newest entries are always seen."""
        del options
        rows = max(1, min(VISIBLE_ENTRIES, console.height - FRAME - 1))
        grid = Table.grid(expand=True)
        grid.add_column(ratio=3)
        grid.add_column(ratio=2)
        newest = list(self._entries)[-rows:]
        talk = Group(*(Text(str(entry), style=STYLES[entry.kind], no_wrap=True, overflow="ellipsis") for entry in newest))
        grid.add_row(
            Panel(talk, title=Text(f"call: {printable(self._state) or 'starting'}"), height=rows + FRAME),
            Panel(Text("\n".join(self._tree), no_wrap=True), title="supervision tree, process ids", height=rows + FRAME),
        )
        yield grid


@contextmanager
def open_screen(console: Console) -> Iterator[Screen]:
    """The screen that fits ``console``: live on a terminal that can, plain lines otherwise."""
    if not console.is_terminal or console.is_dumb_terminal or console.width < NARROW or console.height < LOW:
        yield PlainScreen(console)
        return
    screen = LiveScreen()
    with Live(screen, console=console, refresh_per_second=10):
        yield screen
