"""How a job stands. Everything about its states is in this file."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from protocols import SYSTEM_STOPPED, ExitKind


class JobStatus(StrEnum):
    """LiveKit's life of a job."""

    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TERMINATED = "terminated"


class JobEvent(StrEnum):
    """What can happen to a job."""

    SESSION_STARTED = "session_started"
    SESSION_COMPLETED = "session_completed"
    SESSION_FAILED = "session_failed"
    STOPPED = "stopped"
    """Its supervisor, or the end of the system, ends it before the conversation was over."""


def _finally(status: JobStatus) -> Mapping[JobEvent, JobStatus]:
    """The first end counts: whatever comes later changes nothing."""
    return MappingProxyType(dict.fromkeys(JobEvent, status))


TRANSITIONS: Final[Mapping[JobStatus, Mapping[JobEvent, JobStatus]]] = MappingProxyType(
    {
        JobStatus.CREATED: MappingProxyType(
            {
                JobEvent.SESSION_STARTED: JobStatus.RUNNING,
                JobEvent.SESSION_COMPLETED: JobStatus.COMPLETED,
                JobEvent.SESSION_FAILED: JobStatus.FAILED,
                JobEvent.STOPPED: JobStatus.TERMINATED,
            }
        ),
        JobStatus.RUNNING: MappingProxyType(
            {
                JobEvent.SESSION_STARTED: JobStatus.RUNNING,  # the session's next incarnation
                JobEvent.SESSION_COMPLETED: JobStatus.COMPLETED,
                JobEvent.SESSION_FAILED: JobStatus.FAILED,
                JobEvent.STOPPED: JobStatus.TERMINATED,
            }
        ),
        JobStatus.COMPLETED: _finally(JobStatus.COMPLETED),
        JobStatus.FAILED: _finally(JobStatus.FAILED),
        JobStatus.TERMINATED: _finally(JobStatus.TERMINATED),
    }
)


def end_event(reason: str) -> JobEvent:
    """What the end of a session for ``reason`` means: an error or a kill is a failure, all but the end of the system completes the job.

    ``reason`` is the text of an `ExitReason`, or words of the caller's (``the caller hung up``), which are no failure.
    """
    if reason == SYSTEM_STOPPED:
        return JobEvent.STOPPED
    failed = reason.partition(":")[0] in {ExitKind.ERROR, ExitKind.KILLED}
    return JobEvent.SESSION_FAILED if failed else JobEvent.SESSION_COMPLETED
