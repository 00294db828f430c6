"""The demo's screen: live where there is room for it, plain lines elsewhere, and always with what is newest."""

import io

import pytest
from rich.console import Console

from livekitex_agent.console.entries import Entry, Kind
from livekitex_agent.demo.screen import PlainScreen, open_screen


def console(width: int = 100, height: int = 40, *, terminal: bool = True, term: str = "xterm") -> Console:
    return Console(
        file=io.StringIO(),
        width=width,
        height=height,
        force_terminal=terminal,
        _environ={"TERM": term},
        color_system=None,
        legacy_windows=False,
    )


def shown(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


@pytest.mark.parametrize(
    "narrow",
    [console(width=40), console(height=10), console(terminal=False), console(term="dumb")],
    ids=["narrow", "low", "no terminal", "dumb"],
)
def test_where_there_is_no_room_each_entry_is_a_line(narrow: Console) -> None:
    with open_screen(narrow) as screen:
        assert isinstance(screen, PlainScreen)
        screen.add(Entry(at_s=1.5, kind=Kind.AGENT, text="Hello, a line that is longer than the terminal is wide [and odd]"))
        screen.tree(["root  1", "└── leaf  2"])
        screen.tree(["root  1", "└── leaf  3"])
    assert shown(narrow).splitlines() == [
        "   1.50  agent   Hello, a line that is longer than the terminal is wide [and odd]",
        "         tree    root  1",
        "         tree    └── leaf  2",
        "         tree    └── leaf  3",
    ]


@pytest.mark.parametrize("height", [12, 20, 24, 60])
def test_the_live_screen_fits_and_shows_the_newest(height: int) -> None:
    on = console(height=height)
    with open_screen(on) as screen:
        for number in range(50):
            screen.add(Entry(at_s=number, kind=Kind.CALLER, text=f"line {number}"))
        screen.add(Entry(at_s=50.0, kind=Kind.STATE, text="idle -> speaking"))
        screen.tree(["root  1"])
    rows = shown(on).splitlines()
    assert "call: idle -> speaking" in shown(on)
    assert "line 49" in shown(on)
    assert "root  1" in shown(on)
    assert len([row for row in rows[-height:] if "line " in row]) == min(24, height - 3)
