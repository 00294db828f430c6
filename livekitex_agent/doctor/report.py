"""The doctor's findings as text for people and as JSON for machines. Pure."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from livekitex_agent.doctor.findings import DEMO, START, Finding, Verdict, can_run

STYLES: Final = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.CANNOT: "bold red"}
NARROW: Final = 60
"""A terminal that is narrower shows what was found below the name."""
MARGIN: Final = 22
"""Columns of verdict and name."""
INDENT: Final = "    "


def lines(finding: Finding, width: int | None) -> Iterator[tuple[str, str]]:
    """The lines of one finding, each with the verdict that begins it (or nothing) and the rest; ``width`` None: nothing is wrapped."""
    cure = f"cure: {finding.cure}" if finding.cure else ""
    if width is not None and width < NARROW:
        yield finding.verdict, f" {finding.name}"
        below = _wrapped(finding.found, width, INDENT)
    else:
        first, *below = _wrapped(finding.found, width, " " * MARGIN)
        yield finding.verdict, f"{finding.verdict:<9}{finding.name:<13}"[len(finding.verdict) :] + first[MARGIN:]
    margin = INDENT if width is not None and width < NARROW else " " * MARGIN
    for line in (*below, *(_wrapped(cure, width, margin) if cure else ())):
        yield "", line


def conclusion(findings: Sequence[Finding]) -> str:
    """What can run here, in a sentence."""
    unable = [what for what in (DEMO, START) if not can_run(findings, what)]
    if not unable:
        return f"This machine can run {DEMO}, and {START}."
    because = ", ".join(finding.name for finding in findings if finding.blocks)
    able = f" It can run {START}." if unable == [DEMO] else ""
    return f"This machine cannot run {' or '.join(unable)}, because of: {because}.{able}"


def to_json(findings: Iterable[Finding]) -> str:
    """The same for machines: one object, ASCII."""
    found = tuple(findings)
    report = {
        "can_start": can_run(found, START),
        "can_demo": can_run(found, DEMO),
        "findings": [
            {"name": finding.name, "verdict": str(finding.verdict), "found": finding.found, "cure": finding.cure} for finding in found
        ],
    }
    return json.dumps(report, indent=2)


def _wrapped(text: str, width: int | None, indent: str) -> list[str]:
    if width is None:
        return [indent + text]
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False) or [indent]
