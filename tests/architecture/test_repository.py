"""The rules of the house hold for this repository."""

import importlib
import re
from pathlib import Path

import pytest

from architecture import rules

FOLDERS = (*rules.LAYERS, *rules.USERS, "tests")
REGENERATE = "what the package offers has changed; if that was meant: python tests/architecture/pin_exports.py"


@pytest.fixture(scope="module")
def files(checkout: Path) -> dict[str, str]:
    found = {
        path.relative_to(checkout).as_posix(): path.read_text("utf-8")
        for folder in FOLDERS
        for path in (checkout / folder).rglob("*.py")
        if not any(part.startswith(".") for part in path.parts[len(checkout.parts) :])
    }
    assert {path.split("/")[0] for path in found} >= {*rules.LAYERS, "tests"}
    return found


def report(found: list[rules.Violation]) -> str:
    return "\n" + "\n".join(map(str, found))


@pytest.mark.parametrize(
    "check",
    [
        rules.check_imports,
        rules.check_sources,
        rules.check_sleeps,
        rules.check_tasks,
        rules.check_mirror,
        rules.check_sizes,
        rules.check_packages,
        rules.check_exports,
    ],
    ids=lambda check: check.__name__,
)
def test_the_rule_holds(check: object, files: dict[str, str]) -> None:
    found = check(files)  # type: ignore[operator]
    assert not found, report(found)


def test_pages_name_what_exists(checkout: Path) -> None:
    paths = [checkout / "README.md", checkout / "CONTRIBUTING.md", *(checkout / "docs").rglob("*.md")]
    pages = {path.relative_to(checkout).as_posix(): path.read_text("utf-8") for path in paths}
    found = rules.check_paths(pages, lambda path: (checkout / path).exists())
    assert not found, report(found)
    found = rules.check_functions(pages, lambda path: (checkout / path).read_text("utf-8"))
    assert not found, report(found)


@pytest.mark.parametrize("package", rules.LAYERS)
def test_exports_are_pinned_and_exist(package: str, files: dict[str, str]) -> None:
    names = rules.exported(files[f"{package}/__init__.py"], files)
    assert names, f"{package}/__init__.py has no __all__ that can be read"
    assert len(set(names)) == len(names)
    pinned = Path(__file__).with_name("exports") / f"{package}.txt"
    assert pinned.read_text("utf-8").split() == sorted(names), f"{pinned}: {REGENERATE}"
    module = importlib.import_module(package)
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", rules.LAYERS)
def test_the_package_is_typed_and_says_whose_it_is(package: str, checkout: Path) -> None:
    assert (checkout / package / "py.typed").exists()
    assert "livekitex-agent" in (checkout / package / "__init__.py").read_text("utf-8"), "the import guard knows ours by this name"


def test_setup_cfg_finds_exactly_the_packages_of_the_layers(checkout: Path) -> None:
    text = (checkout / "setup.cfg").read_text("utf-8")
    section = re.search(r"^include =\n((?: +\S+\n)+)", text, re.MULTILINE)
    assert section
    assert set(section[1].split()) == {name for layer in rules.LAYERS for name in (layer, f"{layer}.*")}


@pytest.mark.parametrize("package", rules.LAYERS)
def test_everything_of_the_package_is_installed(package: str, checkout: Path) -> None:
    installed = Path(importlib.import_module(package).__file__ or "").parent
    assert _contents(installed) == _contents(checkout / package)


def _contents(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
