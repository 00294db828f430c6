"""A pytest plugin: the run ends with the count of skips by reason, and leaves its figures for ``tests/skips.py``."""

import os
import platform
from collections import Counter
from pathlib import Path

import pytest

from skips import Summary, skip_table


def pytest_configure(config: pytest.Config) -> None:
    _write(Summary(python=platform.python_version(), finished=False))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    stats = terminalreporter.stats
    skipped = Counter(_reason(item) for item in stats.get("skipped", ()))
    for line in skip_table(skipped):
        terminalreporter.write_line(line)
    _write(
        Summary(
            python=platform.python_version(),
            passed=len(stats.get("passed", ())),
            failed=len(stats.get("failed", ())) + len(stats.get("error", ())),
            skipped=skipped,
        )
    )


def _reason(item: pytest.TestReport | pytest.CollectReport) -> str:
    # A skip's longrepr is (file, line, "Skipped: reason").
    text = item.longrepr[2] if isinstance(item.longrepr, tuple) else str(item.longrepr)
    return text.removeprefix("Skipped: ")


def _write(summary: Summary) -> None:
    if path := os.environ.get("LIVEKITEX_TEST_SUMMARY"):
        Path(path).write_text(summary.to_json(), "utf-8")
