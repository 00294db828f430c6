"""What was found of one thing, and what it means. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

START: Final = "systems of your own"
DEMO: Final = "livekitex demo"
EVERYTHING: Final = (START, DEMO)


class Verdict(StrEnum):
    """Whether it will do."""

    OK = "ok"
    WARNING = "warning"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report: what was found, and unless it will do the cure. ``blocks`` names what cannot run because of it."""

    name: str
    verdict: Verdict
    found: str
    cure: str = ""
    blocks: tuple[str, ...] = ()


def ok(name: str, found: str) -> Finding:
    """It will do."""
    return Finding(name=name, verdict=Verdict.OK, found=found)


def warning(name: str, found: str, cure: str) -> Finding:
    """It will do for a while, or for less than was asked."""
    return Finding(name=name, verdict=Verdict.WARNING, found=found, cure=cure)


def cannot(name: str, found: str, cure: str, blocks: tuple[str, ...] = EVERYTHING) -> Finding:
    """Something cannot run."""
    return Finding(name=name, verdict=Verdict.CANNOT, found=found, cure=cure, blocks=blocks)


def can_run(findings: Iterable[Finding], what: str) -> bool:
    """Whether ``what`` (`START` or `DEMO`) can run on this machine."""
    return not any(what in finding.blocks for finding in findings)
