from collections import Counter
from pathlib import Path

import skips
from skips import Summary, report, skip_table


def test_the_table_begins_with_the_most_frequent() -> None:
    assert skip_table({"b": 1, "a": 1, "c": 5}) == ["skipped 5: c", "skipped 1: a", "skipped 1: b"]


def test_the_report_sums_all_runs_and_names_what_did_not_run() -> None:
    runs = {
        "py311": Summary(python="3.11.7", passed=10, failed=1, skipped={"no IPv6": 2}),
        "py312": Summary(python="3.12.1", finished=False),
        "py313": None,
    }
    assert report(runs) == [
        "py311 (Python 3.11.7): 10 passed, 1 failed, 2 skipped",
        "py312 (Python 3.12.1): ended before its summary",
        "py313: not run (no such Python here, or not asked for)",
        "skipped 2: no IPv6",
        "skipped 1: all tests of py313: not run",
        "10 passed, 2 failed, 3 skipped",
    ]


def test_nothing_skipped_is_said() -> None:
    assert report({"py311": Summary(python="3.11.7", passed=1)})[1:] == ["skipped 0", "1 passed, 0 failed, 0 skipped"]


def test_the_command_reads_what_the_plugin_wrote(tmp_path: Path) -> None:
    (tmp_path / "summary-py311.json").write_text(Summary(python="3.11.7", passed=3, skipped=Counter(x=1)).to_json())
    assert skips.main(str(tmp_path), "py311", "py312") == 0
    assert (tmp_path / "skips.txt").read_text().splitlines()[-1] == "3 passed, 0 failed, 2 skipped"


def test_a_run_without_tests_is_no_success(tmp_path: Path) -> None:
    assert skips.main(str(tmp_path), "py311") == 1
