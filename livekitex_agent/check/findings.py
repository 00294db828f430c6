"""What was found of a program, and how it is shown. Pure."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a finding is about."""

    PROGRAM = "program"
    AGENT = "agent"
    USER_DATA = "user data"
    EFFECT = "effect"
    SETUP = "setup"
    LOOP = "loop"
    BLOCK = "block"


TOLD: Final = frozenset({Kind.LOOP, Kind.BLOCK})
"""These survive a death, and wait with a block: they are told, and no failure."""

STYLES: Final = {True: "bold red", False: "yellow"}
"""By whether it is lost."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One thing at ``path``, line ``line`` (0: the file as a whole): what was found, and the cure."""

    path: str
    line: int
    kind: Kind
    found: str
    cure: str

    @property
    def is_lost(self) -> bool:
        """Whether a death loses something because of it."""
        return self.kind not in TOLD


def lines(finding: Finding) -> Iterator[tuple[str, str]]:
    """The lines of one finding, each with what begins it (its kind, or nothing) and the rest."""
    yield f"{finding.kind:<10}", f"{finding.path}:{finding.line}: {finding.found}" if finding.line else f"{finding.path}: {finding.found}"
    yield "", f"{'':<10}cure: {finding.cure}"


def to_json(findings: Iterable[Finding]) -> str:
    """The same for machines: one object, ASCII."""
    found = tuple(findings)
    report = {
        "survives": not any(finding.is_lost for finding in found),
        "findings": [
            {
                "kind": finding.kind,
                "lost": finding.is_lost,
                "path": finding.path,
                "line": finding.line,
                "found": finding.found,
                "cure": finding.cure,
            }
            for finding in found
        ],
    }
    return json.dumps(report)
