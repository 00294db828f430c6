"""The console's two lines fit the terminal, and what is said scrolls above them."""

import io

import pytest
from rich.console import Console

from livekitex_agent.console.entries import Entry, Kind
from livekitex_agent.console.screen import CURSOR, PlainScreen, Status, open_screen, status_lines


def console(*, terminal: bool = True, width: int = 60) -> Console:
    return Console(file=io.StringIO(), width=width, height=20, force_terminal=terminal, color_system=None, _environ={"TERM": "xterm"})


def shown(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


@pytest.mark.parametrize(("terminal", "interactive"), [(False, True), (True, False)])
def test_without_somebody_at_a_terminal_it_is_lines(terminal: bool, interactive: bool) -> None:
    on = console(terminal=terminal)
    with open_screen(on, interactive=interactive) as screen:
        assert isinstance(screen, PlainScreen)
        screen.show(Status(state="idle"))
        screen.add(Entry(at_s=1.0, kind=Kind.STATE, text="idle -> thinking"))
    assert shown(on) == "   1.00  state   idle -> thinking\n"


def test_on_a_terminal_the_state_stands_below_and_does_not_scroll() -> None:
    on = console()
    with open_screen(on, interactive=True) as screen:
        screen.show(Status(state="thinking", incarnation=2, os_pid=77, typed="hal"))
        screen.add(Entry(at_s=1.0, kind=Kind.STATE, text="idle -> thinking"))
        screen.add(Entry(at_s=1.0, kind=Kind.AGENT, text="Hello."))
    assert "thinking · incarnation 2 · process 77" in shown(on)
    assert f"> hal{CURSOR}" in shown(on)
    assert "   1.00  agent   Hello." in shown(on)
    assert "idle -> thinking" not in shown(on)


@pytest.mark.parametrize("width", [1, 5, 20, 80, 500])
def test_the_lines_fit_and_show_the_end_of_what_is_written(width: int) -> None:
    first, second = status_lines(Status(state="idle", typed="x" * 300 + "end", keys="k kills"), width)
    assert len(first) <= max(1, width - 1)
    assert len(second) <= max(3, width - 1)
    assert second.plain.endswith(f"end{CURSOR}"[-max(1, width - 3) :])


def test_who_speaks_sees_what_is_understood_so_far() -> None:
    assert status_lines(Status(heard="a piz"), 80)[1].plain == "… a piz"
    assert status_lines(Status(), 80)[1].plain == ""
