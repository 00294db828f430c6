"""Programs: the fork parent of a program's calls says whether it is still of the code of now."""

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["CheckProgram", "ProgramChecked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckProgram:
    """Ask a generation of a program; answered with `ProgramChecked`."""

    TAG: ClassVar[str] = "programs.check"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramChecked:
    """``changed`` is a file that is not as it was when the program was loaded; empty: all are."""

    TAG: ClassVar[str] = "programs.checked"
    changed: str
