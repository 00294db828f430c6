"""``python tests/maxi_cov.py [MODULE...]``: each module of protocols/ and supervision/ is covered whole by its own test file.

Coverage by the suite as a whole says little: a line that some distant test happens to run is not tested.  So each test file runs
alone, and only the module that it mirrors counts (lines and branches, in child processes too); of properties only the examples that
they state, for random ones cover a line on one day and miss it on the next.  Prints one line for each module, with what is missing, and
exits 1 unless every module has 100 %.  MODULE is a path as in ``protocols/codec.py``; default: all.

On a machine whose host takes its processors no further module is tried when `stalls.BUDGET` is over; how many is told.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from architecture import rules
from support import leftovers, procfs, stalls

ROOT = Path(__file__).resolve().parents[1]
COVERED = ("protocols", "supervision")
TIMEOUT_S = 1_800
MARK = "LIVEKITEX_COVERAGE_MARK"
"""In the environment of the processes of one test file."""

# mypy proves a match exhaustive, so its last case needs no way past it; a case that no test takes shows as a line.
SETTINGS = """
[run]
branch = true
parallel = true
patch = _exit, subprocess
data_file = {folder}/data
include = */{module}
disable_warnings = module-not-measured, no-data-collected
[paths]
source =
    {root}/
    */site-packages/
[report]
show_missing = true
include = */{module}
exclude_also =
    if TYPE_CHECKING:
    assert_never\\(
    ^\\s*\\.\\.\\.$
partial_also =
    ^\\s*case (?!.* if ).*:$
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one test file covers of its module."""

    module: str
    complete: bool
    text: str


def modules(wanted: Iterable[str]) -> list[str]:
    """The wanted modules, or all that must have a test file of their own."""
    # tox hands on paths relative to its own folder.
    chosen = [Path(path).resolve().relative_to(ROOT).as_posix() if Path(path).exists() else path for path in wanted]
    found = [path.relative_to(ROOT).as_posix() for package in COVERED for path in sorted((ROOT / package).rglob("*.py"))]
    return chosen or [path for path in found if rules.mirror_of(path)]


def cover(module: str) -> Result | None:
    """Run the module's own test file and report on the module alone; None: the machine did not let all its tests run."""
    mirror = ROOT / (rules.mirror_of(module) or "")
    if not mirror.is_file():
        return Result(module=module, complete=False, text=f"no test file {mirror.relative_to(ROOT)}")
    with tempfile.TemporaryDirectory(prefix="maxi-cov-", ignore_cleanup_errors=True) as folder:
        settings = Path(folder, "settings.ini")
        settings.write_text(SETTINGS.format(folder=folder, module=module, root=ROOT), "utf-8")
        configuration = f"--config-file={ROOT / 'pyproject.toml'}"
        mark = secrets.token_hex(8)
        tests = _coverage(
            "run", f"--rcfile={settings}", "-m", "pytest", "-q", configuration, "--hypothesis-profile=cover", str(mirror), mark=mark
        )
        # Each process writes down what it covered as it ends.
        leftovers.wait_for_end(lambda: {pid for pid in procfs.pids() if procfs.environ(pid).get(MARK) == mark})
        if not tests.returncode and stalls.REASON in tests.stdout:
            return None
        if tests.returncode:
            return Result(module=module, complete=False, text=f"its tests fail\n{tests.stdout}{tests.stderr}")
        _coverage("combine", f"--rcfile={settings}", "-q")
        report = _coverage("report", f"--rcfile={settings}", "--fail-under=100")
    rows = [line for line in report.stdout.splitlines() if module in line]
    missing = rows[0].split("%", 1)[1].strip() if rows else report.stdout.strip()
    complete = report.returncode == 0 and bool(rows)
    return Result(module=module, complete=complete, text="covered" if complete else f"missing {missing}")


def _coverage(*arguments: str, mark: str = "") -> subprocess.CompletedProcess[str]:
    # The installed package is measured where there is one: the checkout is not put on the path.
    ours = ("LIVEKITEX_TEST_SUMMARY", stalls.BUDGET)
    environment = {name: value for name, value in os.environ.items() if name not in ours} | ({MARK: mark} if mark else {})
    command = [sys.executable, "-P", "-m", "coverage", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def main(wanted: list[str]) -> int:
    begin = stalls.read()

    def try_to_cover(module: str) -> Result | None:
        return None if stalls.is_over(begin) else cover(module)

    chosen = modules(wanted)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = []
        for result in filter(None, pool.map(try_to_cover, chosen)):
            print(f"{result.module}: {result.text}", flush=True)
            results.append(result)
    incomplete = [result.module for result in results if not result.complete]
    print(f"{len(results) - len(incomplete)} of {len(results)} modules are covered whole by their own test file")
    if len(results) < len(chosen):
        print(f"{len(chosen) - len(results)} were not tried, or not to the end: {stalls.UNTRIED}")
    return 1 if incomplete or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
