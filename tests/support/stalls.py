"""A pytest plugin: a test is judged only on a machine that runs.

A virtual machine whose host gives it no processor stands still for seconds while every clock goes on; then nothing that is promised in time
can be kept, nor be seen to be kept. So a test that fails while the machine stood still is tried again, with all its fixtures anew. If it
fails again, and the machine stood still again, a test of real processes is skipped, with that reason; any other has failed. What fails
while the machine runs has failed, at once.

A run of which the host takes so much that it is not over after `BUDGET` (seconds, in the environment; without it there is no end) tries no
further test: each is skipped, with that reason. A machine that runs tries all, however long it takes.

How it is seen: the kernel accounts for each tick of each processor (proc_stat(5)). Those that it says were stolen, and those that are in
none of its sums because the kernel itself did not run, are what the host took.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.runner import call_and_report

LOST_S = 1.0
LOST_SHARE = 0.1
"""Of the test's time; a machine that stands still less than this, or than `LOST_S`, runs."""
ATTEMPTS = 2
BUDGET = "LIVEKITEX_TEST_BUDGET_S"
RUNS_SHARE = 0.7
"""A machine that runs for less of the time than this is one whose host takes its processors."""
UNTRIED = "the run's time is over, of which the host took more than a third: run it where no processor is taken away"
REASON = "the machine stood still for seconds each time that it failed: run it where no processor is taken away"


BEGIN = pytest.StashKey["Reading"]()


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clock says, and for how long, on average over the processors, the machine has run."""

    clock_s: float
    run_s: float


def read() -> Reading:
    processors = Path("/proc/stat").read_text("ascii").splitlines()[0]
    *run, _stolen = map(int, processors.split()[1:9])  # user, nice, system, idle, iowait, irq, softirq
    return Reading(time.monotonic(), sum(run) / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1))


def stood_still(before: Reading, after: Reading) -> bool:
    """Whether too much of the time between two readings is missing."""
    clock_s = after.clock_s - before.clock_s
    return clock_s - (after.run_s - before.run_s) >= max(LOST_S, LOST_SHARE * clock_s)


def spent(begin: Reading, now: Reading, budget_s: float) -> bool:
    """Whether the time is over, and it is the host's fault."""
    clock_s = now.clock_s - begin.clock_s
    return clock_s > budget_s and now.run_s - begin.run_s < RUNS_SHARE * clock_s


def is_over(begin: Reading) -> bool:
    """Whether this run, which began with ``begin``, tries nothing more."""
    return spent(begin, read(), float(os.environ.get(BUDGET, "inf")))


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[BEGIN] = read()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in [_untried(item)] if is_over(item.config.stash[BEGIN]) else _reports(item, nextitem):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _reports(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    """What is told of the test, after as many attempts as it needs."""
    reports: list[pytest.TestReport] = []
    for _ in range(ATTEMPTS):
        reports, judged = _attempt(item, nextitem)
        if judged:
            return reports
    if item.get_closest_marker("processes") is not None:
        for report in reports:
            _skip(report)
    return reports


def _untried(item: pytest.Item) -> pytest.TestReport:
    """Skipped without any of pytest's own work for it, which takes minutes for thousands of tests on such a machine."""
    path, line, _ = item.location
    why = (path, line or 0, f"Skipped: {UNTRIED}")
    return pytest.TestReport(item.nodeid, item.location, dict(item.keywords), "skipped", why, "setup")


def _attempt(item: pytest.Item, nextitem: pytest.Item | None) -> tuple[list[pytest.TestReport], bool]:
    """Run the test; tells whether its outcome counts. A call that does not leaves no fixture."""
    item._initrequest()  # type: ignore[attr-defined]  # as pytest itself does before each run of an item
    before, reports = read(), list[pytest.TestReport]()

    def lost() -> bool:
        return any(report.failed for report in reports) and stood_still(before, read())

    reports.append(call_and_report(item, "setup", log=False))
    if reports[0].passed:
        reports.append(call_and_report(item, "call", log=False))
    reports.append(call_and_report(item, "teardown", log=False, nextitem=None if lost() else nextitem))
    return reports, not lost()


def _skip(report: pytest.TestReport) -> None:
    if report.failed:
        report.sections.append(("why it failed", str(report.longrepr)))
        path, line, _ = report.location
        report.outcome, report.longrepr = "skipped", (path, line or 0, f"Skipped: {REASON}")
