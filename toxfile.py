"""What tox has to be told about the machine: the Pythons that pyenv keeps.

pyenv's shims stand on PATH for every installed Python but run only the activated ones, so tox's discovery, which tries what PATH
shows, takes the others for absent.  tox imports this file by itself.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from tox.plugin import impl
from tox.session.state import State

_RELEASE = re.compile(r"3\.(\d+)\.(\d+)")


def newest_of_each_minor(versions: Iterable[str]) -> list[str]:
    """The newest release of each Python 3 minor among pyenv's folder names; names of other kinds are ignored.

    >>> newest_of_each_minor(["3.12.9", "3.12.10", "3.11.7", "pypy3.10-7.3", "3.13.0rc1", "2.7.18"])
    ['3.11.7', '3.12.10']
    """
    newest: dict[int, int] = {}
    for version in versions:
        if match := _RELEASE.fullmatch(version):
            minor, patch = int(match[1]), int(match[2])
            newest[minor] = max(patch, newest.get(minor, 0))
    return [f"3.{minor}.{patch}" for minor, patch in sorted(newest.items())]


@impl
def tox_add_core_config(state: State) -> None:
    """Let tox try pyenv's Pythons first; without pyenv nothing changes, and what is missing is skipped and said."""
    folder = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    if folder.is_dir():
        names = newest_of_each_minor(entry.name for entry in folder.iterdir())
        getattr(state.conf.options, "discover", []).extend(str(folder / name / "bin" / "python") for name in names)
