"""What a child tells its parent through a pipe: that it has acknowledged its start, that it is up, or why not, and why it ends.

A death without a word is a crash.

Cures C3: Thespian's notice of an exit holds an address and nothing else.
"""

import os
import signal
import struct
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from protocols import ExitKind, ExitReason, abnormal

_HEADER: Final = struct.Struct("!BH")
_MAX_TEXT_BYTES: Final = 4000
"""A record stays below PIPE_BUF, so it is written whole."""


class Outcome(IntEnum):
    """What a child reports."""

    STARTED = 1
    """With its process id."""

    IGNORED = 2
    START_FAILED = 3
    """With the reason."""

    EXITED = 4
    """With the reason."""

    ACKNOWLEDGED = 5
    """With its process id."""


_OUTCOMES: Final = frozenset(Outcome)


@dataclass(frozen=True, slots=True)
class Report:
    """One record."""

    outcome: Outcome
    text: str = ""


def write_report(fd: int, report: Report) -> None:
    """Tell the parent; if it has gone there is nobody to tell."""
    text = report.text.encode()[:_MAX_TEXT_BYTES]
    with suppress(OSError):
        os.write(fd, _HEADER.pack(report.outcome, len(text)) + text)


class ReportReader:
    """Reads the records of one child from the non-blocking end of its pipe."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._buffer = b""

    def read(self) -> list[Report]:
        """The records that have arrived; bytes that are no record end the reading for good."""
        with suppress(BlockingIOError):
            while data := os.read(self._fd, 65536):
                self._buffer += data
        reports = []
        while len(self._buffer) >= _HEADER.size:
            outcome, length = _HEADER.unpack_from(self._buffer)
            end = _HEADER.size + length
            if outcome not in _OUTCOMES or len(self._buffer) < end:
                break
            reports.append(Report(Outcome(outcome), self._buffer[_HEADER.size : end].decode(errors="replace")))
            self._buffer = self._buffer[end:]
        return reports


def reason_of_status(status: int, whose: str = "") -> ExitReason:
    """The reason that a wait status is, for a process that reported none; the detail begins with ``whose`` end it was, if that is given."""
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        return ExitReason(ExitKind.KILLED, whose)
    how = _signal_name(-code) if code < 0 else f"exit code {code}"
    return abnormal(f"{whose}: {how}" if whose else how)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
