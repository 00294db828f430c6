"""The files that a program was loaded from, and whether they are still the same."""

import os
import sys
import sysconfig
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_INSTALLED: Final = tuple(
    {
        os.path.realpath(path) + os.sep
        for name, path in sysconfig.get_paths().items()
        if name in {"stdlib", "platstdlib", "purelib", "platlib"}
    }
)
_ROOT: Final = Path(__file__).resolve().parents[2]
_PROJECT: Final = tuple(f"{_ROOT / name}{os.sep}" for name in ("livekitex_agent", "actors", "supervision", "protocols"))


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was when it was loaded; ``mtime_ns`` is -1 for one that nobody knows the loaded state of."""

    path: str
    mtime_ns: int
    size: int

    @property
    def changed(self) -> bool:
        """Whether it is another now, or gone."""
        try:
            now = Path(self.path).stat()
        except OSError:
            return True
        return (now.st_mtime_ns, now.st_size) != (self.mtime_ns, self.size)


def sources_since(before: Collection[str], began_ns: int) -> tuple[SourceFile, ...]:
    """The files of the modules that were loaded since ``before`` (the names of `sys.modules` then), without installed ones and ours.

    One that was written after ``began_ns`` (of the wall clock), while they were being loaded, counts as changed: what was loaded of it may
    be what it held before.
    """
    paths = dict.fromkeys(path for name in tuple(sys.modules) if name not in before and (path := _own_file(name)))
    return tuple(_as_loaded(path, began_ns) for path in paths)


def first_changed(files: tuple[SourceFile, ...]) -> str:
    """The path of one that has changed; empty: none has."""
    return next((file.path for file in files if file.changed), "")


def is_installed(path: str) -> bool:
    """Whether a file belongs to the interpreter, to an installed distribution, or to this project: a user does not change it."""
    real = os.path.realpath(path)
    return path.startswith("<") or real.startswith((*_INSTALLED, *_PROJECT))


def _own_file(name: str) -> str:
    path = getattr(sys.modules.get(name), "__file__", None)
    return "" if not isinstance(path, str) or is_installed(path) else os.path.realpath(path)


def _as_loaded(path: str, began_ns: int) -> SourceFile:
    try:
        found = Path(path).stat()
    except OSError:
        return SourceFile(path, -1, 0)
    return SourceFile(path, -1 if found.st_mtime_ns >= began_ns else found.st_mtime_ns, found.st_size)
