"""The files that a program was loaded from are known, and each change of them is seen."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from livekitex_agent.program.source_files import SourceFile, first_changed, is_installed, sources_since


@pytest.fixture
def helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "menu"
    folder.mkdir()
    (folder / "__init__.py").write_text("import json, menu.prices\n")
    (folder / "prices.py").write_text("PIZZA = 9\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in ("menu", "menu.prices"):
        sys.modules.pop(name, None)


def loaded(began_ns: int = 2**62) -> tuple[SourceFile, ...]:
    known = frozenset(sys.modules)
    importlib.import_module("menu")
    return sources_since(known, began_ns)


def test_modules_of_the_user_are_known_and_installed_ones_not(helpers: Path) -> None:
    sources = loaded()
    assert sorted(file.path for file in sources) == [str(helpers / "__init__.py"), str(helpers / "prices.py")]
    assert first_changed(sources) == ""
    assert is_installed(os.__file__)
    assert is_installed(pytest.__file__)
    assert is_installed(importlib.import_module("livekitex_agent").__file__ or "")
    assert is_installed("<frozen importlib._bootstrap>")
    assert not is_installed(__file__)


def test_a_change_of_content_or_of_time_and_a_removal_are_seen(helpers: Path) -> None:
    prices = helpers / "prices.py"
    sources = loaded()
    was = prices.stat()
    os.utime(prices, ns=(was.st_atime_ns, was.st_mtime_ns + 1))
    assert first_changed(sources) == str(prices)
    os.utime(prices, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert first_changed(sources) == ""
    prices.write_text("PIZZA = 10\n")
    os.utime(prices, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert first_changed(sources) == str(prices)
    prices.unlink()
    assert first_changed(sources) == str(prices)


def test_what_was_written_while_it_was_loaded_counts_as_changed(helpers: Path) -> None:
    prices = helpers / "prices.py"
    began_ns = prices.stat().st_mtime_ns
    os.utime(helpers / "__init__.py", ns=(began_ns - 10**9, began_ns - 10**9))
    assert first_changed(loaded(began_ns)) == str(prices)
