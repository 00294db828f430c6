"""``python tests/guarantees.py [--page FILE] [G3 ...]``: runs the tests that ``docs/guarantees.md`` names.

Prints a line for each: guarantee, test, result. The page is the only list: a promise is a section ``## G3 Title``, a proof is a line of it
that begins with ``-`` and the test in backticks. Exits 1 if a proof failed, was skipped, or was not found.
"""

import argparse
import ast
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "guarantees.md"
_PROMISE: Final = re.compile(r"## (?P<number>G\d+) (?P<title>.+)")
_PROOF: Final = re.compile(r"- `(?P<test>tests/[^`]+::[^`]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A section of the page, and the tests that prove it."""

    number: str
    title: str
    proofs: tuple[str, ...] = ()


def read_promises(page: str) -> tuple[Promise, ...]:
    """The promises of ``page``, in its order."""
    promises: list[Promise] = []
    for line in page.splitlines():
        if found := _PROMISE.fullmatch(line):
            promises.append(Promise(number=found["number"], title=found["title"]))
        elif (found := _PROOF.match(line)) and promises:
            last = promises[-1]
            promises[-1] = Promise(number=last.number, title=last.title, proofs=(*last.proofs, found["test"]))
    return tuple(promises)


def missing(promises: Sequence[Promise], root: Path) -> list[str]:
    """What is wrong with the page: promises without a proof, and proofs that do not exist."""
    wrong = [f"{promise.number} {promise.title}: no test is named" for promise in promises if not promise.proofs]
    named = [(promise.number, proof) for promise in promises for proof in promise.proofs]
    return wrong + [f"{number}: {proof} does not exist" for number, proof in named if not exists(root, proof)]


def exists(root: Path, proof: str) -> bool:
    """Whether the test ``file::name`` (or ``file::Class::name``) is defined; a parametrized one is named without its parameters."""
    file, *names = proof.split("::")
    path = root / file
    if not path.is_file():
        return False
    body: list[ast.stmt] = ast.parse(path.read_text("utf-8")).body
    for name in names:
        found = [part for part in body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and part.name == name]
        assigned = any(isinstance(part, ast.Assign) and name in {getattr(target, "id", "") for target in part.targets} for part in body)
        if not found:
            return assigned and name == names[-1]  # a stateful machine's TestCase
        body = found[0].body
    return True


@dataclass(slots=True)
class Outcomes:
    """A pytest plugin: what became of each test, by file and name without parameters."""

    results: dict[str, list[str]] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over: its call counts, and whatever else did not pass."""
        if report.when == "call" or report.outcome != "passed":
            self.results.setdefault(report.nodeid.partition("[")[0], []).append(report.outcome)

    def of(self, proof: str) -> str:
        """``passed``, ``passed (n)`` of a parametrized test, or what else happened."""
        outcomes = [outcome for node, each in self.results.items() if node == proof or node.startswith(f"{proof}::") for outcome in each]
        worst = next((bad for bad in ("failed", "skipped") if bad in outcomes), "passed" if outcomes else "not run")
        return worst if len(outcomes) <= 1 or worst != "passed" else f"passed ({len(outcomes)})"


def main() -> int:
    """Run the proofs of the guarantees that are asked for (of all), and print the table."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("numbers", nargs="*")
    asked = parser.parse_args()
    promises = [
        promise for promise in read_promises(asked.page.read_text("utf-8")) if promise.number in (asked.numbers or [promise.number])
    ]
    wrong = missing(promises, ROOT)
    if wrong or not promises:
        print("\n".join(wrong or ["no such guarantee"]), file=sys.stderr)
        return 1
    outcomes = Outcomes()
    proofs = list(dict.fromkeys(proof for promise in promises for proof in promise.proofs))
    pytest.main(["-q", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), *(str(ROOT / proof) for proof in proofs)], [outcomes])
    rows = [(f"{promise.number} {promise.title}", proof, outcomes.of(proof)) for promise in promises for proof in promise.proofs]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    print()
    for row in rows:
        print(f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}")
    bad = sum(not row[2].startswith("passed") for row in rows)
    print(f"{len(rows)} proofs of {len(promises)} guarantees: {len(rows) - bad} passed, {bad} not")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
