import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import KILLED, ExitReason, abnormal
from supervision.thespian_seam.reports import Outcome, Report, ReportReader, reason_of_status, write_report


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe2(os.O_NONBLOCK)
    yield ends
    for end in ends:
        os.close(end)


def test_reports_arrive_whole_and_in_order(pipe: tuple[int, int]) -> None:
    reader = ReportReader(pipe[0])
    assert reader.read() == []
    reports = [Report(Outcome.STARTED, "17"), Report(Outcome.EXITED, "error:ValueError: naïve")]
    for report in reports:
        write_report(pipe[1], report)
    assert reader.read() == reports
    assert reader.read() == []


def test_a_long_reason_is_cut_so_that_the_record_is_written_whole(pipe: tuple[int, int]) -> None:
    write_report(pipe[1], Report(Outcome.EXITED, "é" * 10_000))
    (report,) = ReportReader(pipe[0]).read()
    assert 1900 < len(report.text) < 2100


def test_nobody_to_tell_is_no_failure() -> None:
    ends = os.pipe()
    os.close(ends[0])
    write_report(ends[1], Report(Outcome.IGNORED))
    os.close(ends[1])


def test_a_record_in_two_pieces_is_waited_for(pipe: tuple[int, int]) -> None:
    reader = ReportReader(pipe[0])
    os.write(pipe[1], bytes([Outcome.EXITED, 0, 5]) + b"no")
    assert reader.read() == []
    os.write(pipe[1], b"rma")
    assert reader.read() == [Report(Outcome.EXITED, "norma")]


@given(st.binary(max_size=200))
def test_bytes_of_a_process_gone_wild_do_no_harm(data: bytes) -> None:
    ends = os.pipe()
    os.write(ends[1], data)
    os.close(ends[1])
    try:
        assert all(report.outcome in list(Outcome) for report in ReportReader(ends[0]).read())
    finally:
        os.close(ends[0])


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (signal.SIGKILL, KILLED),
        (signal.SIGSEGV, abnormal("SIGSEGV")),
        (signal.SIGABRT | 0x80, abnormal("SIGABRT")),
        (40, abnormal("signal 40")),
        (3 << 8, abnormal("exit code 3")),
        (0, abnormal("exit code 0")),
    ],
)
def test_c3_no_report_means_a_crash_with_the_signal_or_exit_code(status: int, reason: ExitReason) -> None:
    assert reason_of_status(status) == reason


@pytest.mark.parametrize(("status", "reason"), [(signal.SIGKILL, "killed:admin"), (3 << 8, "error:admin: exit code 3")])
def test_whose_end_it_was_is_told(status: int, reason: str) -> None:
    assert str(reason_of_status(status, "admin")) == reason
