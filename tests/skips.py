"""``python tests/skips.py FOLDER ENV...``: how many tests ran in each environment, and what was skipped for which reason.

Reads the ``summary-ENV.json`` that the plugin ``support.summary`` wrote at the end of each run, prints the sum and writes it to
``FOLDER/skips.txt`` too.  Exits 1 when no test passed at all.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The outcome of one pytest run; ``finished`` is false while it is under way, and for ever when it was killed."""

    python: str
    finished: bool = True
    passed: int = 0
    failed: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(replace(self, skipped=dict(self.skipped))), indent=2)  # asdict() makes nonsense of a Counter


def skip_table(skipped: Mapping[str, int]) -> list[str]:
    """One line for each reason, the most frequent first."""
    return [f"skipped {n}: {reason}" for reason, n in sorted(skipped.items(), key=lambda item: (-item[1], item[0]))]


def report(runs: Mapping[str, Summary | None]) -> list[str]:
    """The lines for all ``runs``; the last is the sum in the form of any test runner."""
    lines: list[str] = []
    skipped: Counter[str] = Counter()
    for name, run in runs.items():
        if run is None:
            lines.append(f"{name}: not run (no such Python here, or not asked for)")
            skipped[f"all tests of {name}: not run"] += 1
        elif not run.finished:
            lines.append(f"{name} (Python {run.python}): ended before its summary")
        else:
            lines.append(f"{name} (Python {run.python}): {run.passed} passed, {run.failed} failed, {sum(run.skipped.values())} skipped")
            skipped.update(run.skipped)
    done = [run for run in runs.values() if run]
    failed = sum(run.failed + (not run.finished) for run in done)
    total = f"{sum(run.passed for run in done)} passed, {failed} failed, {skipped.total()} skipped"
    return [*lines, *(skip_table(skipped) or ["skipped 0"]), total]


def load(folder: Path, names: Iterable[str]) -> dict[str, Summary | None]:
    """The summaries that exist in ``folder``; None for an environment without one."""
    found: dict[str, Summary | None] = {}
    for name in names:
        path = folder / f"summary-{name}.json"
        found[name] = Summary(**json.loads(path.read_text("utf-8"))) if path.exists() else None
    return found


def main(folder: str, *names: str) -> int:
    runs = load(Path(folder), names)
    text = "\n".join(report(runs))
    print(text)
    Path(folder, "skips.txt").write_text(text + "\n", "utf-8")
    return 0 if any(run and run.passed for run in runs.values()) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
