"""The page for who comes from the Elixir library: no name of that library is missing on it, and each of ours exists.

`elixir_names.txt` was collected from the documents of that library: its modules and functions, the fields, atoms, options, commands and
addresses that they show.
"""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from livekitex_agent.cli.app import make_app

NAMES = Path(__file__).with_name("elixir_names.txt")
ROOTS = ("livekitex_agent", "actors", "protocols", "supervision")


def rows(checkout: Path, page: str) -> list[tuple[list[str], list[str]]]:
    """The names in the first and in the second column of each table of the page."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (checkout / "docs" / page).read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    return [(re.findall(r"`([^`]+)`", row[0]), re.findall(r"`([^`]+)`", row[1])) for row in cells]


def exists(name: str) -> bool:
    """Whether ``name`` is an object of ours (dotted, from a package or from `livekitex_agent`), or a command."""
    if name.split(maxsplit=1)[0] == "livekitex":
        commands: Any = typer.main.get_command(make_app(80))
        return all(word in commands.commands for word in name.split()[1:])
    return any(_find(path) for path in ([name] if name.split(".", maxsplit=1)[0] in ROOTS else [f"livekitex_agent.{name}"]))


def _find(path: str) -> bool:
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            if not hasattr(found, part) and part not in getattr(found, "__dataclass_fields__", {}) | getattr(found, "__annotations__", {}):
                return False
            found = getattr(found, part, None)
        return True
    return False


def test_no_name_of_the_library_is_missing(checkout: Path) -> None:
    listed = {name for page in ("coming-from-elixir.md", "events.md") for left, _ in rows(checkout, page) for name in left}
    listed |= {name.lstrip(":") for name in listed}
    missing = [name for name in NAMES.read_text("utf-8").split("\n") if name and name not in listed and name.lstrip(":") not in listed]
    assert missing == []


def test_each_of_our_names_exists(checkout: Path) -> None:
    ours = [name for _, right in rows(checkout, "coming-from-elixir.md") for name in right]
    assert len(ours) > 80
    assert [name for name in ours if not exists(name)] == []


def test_each_row_says_what_is_here_or_that_nothing_is(checkout: Path) -> None:
    lines = [line for line in (checkout / "docs" / "coming-from-elixir.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    for line in lines:
        _, here, why = (cell.strip() for cell in line.strip("|").split("|"))
        assert here.startswith("`") or (here == "none" and why), line


@pytest.mark.parametrize("name", ["livekitex nothing", "Agent.nothing", "actors.Nothing", "nothing.at.all"])
def test_what_does_not_exist_is_found_out(name: str) -> None:
    assert not exists(name)
