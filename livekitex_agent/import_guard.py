"""Refuses to run on packages that are not ours.

``supervision``, ``actors`` and ``protocols`` are short names that others use too: pip overwrites the files of another distribution
without a word, and a folder of the user's own hides an installed package.  Both would end in an error far from its cause, so
``livekitex_agent`` looks before it imports anything else.  It reads the three files without running them.
"""

import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

DISTRIBUTION = "livekitex-agent"
NAMES = ("protocols", "supervision", "actors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an import of ``name`` would load: the file (None for a mere folder), and whether it says that it is ours."""

    name: str
    file: Path | None
    is_ours: bool


def complaint(found: Found, owner: str | None, home: Path) -> str | None:
    """What to tell the user, naming the intruder and the cure; None when ``found`` is ours.

    ``owner`` is the name and version of the other distribution that the file belongs to, None for none.  ``home`` is the folder
    that holds our packages.
    """
    expected = home / found.name / "__init__.py"
    if found.is_ours and found.file == expected:
        return None
    needs = f"{DISTRIBUTION} needs the import name {found.name!r} for its own package {expected}"
    if found.file is None:
        return f"{needs}, which is missing. Install it again: pip install --force-reinstall {DISTRIBUTION}"
    if owner:
        return (
            f"{needs}, but {found.file} belongs to the distribution {owner}. The two cannot share an environment. "
            f"Use one of its own: python3 -m venv .venv && .venv/bin/pip install {DISTRIBUTION}"
        )
    if found.is_ours:
        return f"{needs}, but another copy of it comes first: {found.file}. Remove one of the two from the import path"
    if found.file == expected:
        return f"{needs}, which something has overwritten. Use an environment of its own: python3 -m venv .venv"
    what = found.file.parent if found.file.name == "__init__.py" else found.file
    return f"{needs}, but your own {what} comes first on the import path and hides it. Rename it"


def require_own_packages() -> None:
    """Return when ``protocols``, ``supervision`` and ``actors`` are ours.

    Raises:
        ImportError: one is not; the text names the intruder and the cure.
    """
    home = Path(__file__).resolve().parents[1]
    for name in NAMES:
        found = _find(name)
        if complaint(found, None, home):
            raise ImportError(complaint(found, _owner(found), home), name=name, path=str(found.file) if found.file else None)


def _find(name: str) -> Found:
    spec = _spec(name)
    if spec is None or not spec.has_location or spec.origin is None:
        return Found(name=name, file=None, is_ours=False)
    file = Path(spec.origin).resolve()
    # Without sources (compiled only, or in a zip file) there is no text to read; then the place alone decides.
    is_ours = file.suffix != ".py" or not file.is_file() or DISTRIBUTION in file.read_text("utf-8", "replace")
    return Found(name=name, file=file, is_ours=is_ours)


def _spec(name: str) -> ModuleSpec | None:
    module = sys.modules.get(name)
    return find_spec(name) if module is None else module.__spec__


def _owner(found: Found) -> str | None:
    """The distribution, other than ours, that has installed the file.  Reads every distribution's list: for a failure only."""
    from importlib.metadata import distributions

    for distribution in distributions():
        if found.file is None or distribution.name == DISTRIBUTION:
            continue
        for file in distribution.files or ():
            if file.parts[0].removesuffix(".py") == found.name and Path(str(distribution.locate_file(file))).resolve() == found.file:
                return f"{distribution.name} {distribution.version}"
    return None
