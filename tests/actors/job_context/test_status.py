import pytest

from actors.job_context.status import TRANSITIONS, JobEvent, JobStatus, end_event
from protocols import SYSTEM_STOPPED

FINAL = {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.TERMINATED}


def test_the_table_is_total_and_every_status_is_reached() -> None:
    assert set(TRANSITIONS) == set(JobStatus)
    assert all(set(TRANSITIONS[status]) == set(JobEvent) for status in JobStatus)
    reached = {JobStatus.CREATED}
    for _ in JobStatus:
        reached |= {TRANSITIONS[status][event] for status in reached for event in JobEvent}
    assert reached == set(JobStatus)


def test_the_first_end_counts() -> None:
    assert all(TRANSITIONS[status][event] is status for status in FINAL for event in JobEvent)
    assert all(
        TRANSITIONS[status][event] not in {status, JobStatus.CREATED}
        for status in set(JobStatus) - FINAL
        for event in JobEvent
        if event is not JobEvent.SESSION_STARTED
    )


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        ("normal", JobEvent.SESSION_COMPLETED),
        ("shutdown:caller left", JobEvent.SESSION_COMPLETED),
        ("the caller hung up", JobEvent.SESSION_COMPLETED),
        ("errors were made", JobEvent.SESSION_COMPLETED),
        ("", JobEvent.SESSION_COMPLETED),
        ("error:ValueError: no such product", JobEvent.SESSION_FAILED),
        ("error", JobEvent.SESSION_FAILED),
        ("killed", JobEvent.SESSION_FAILED),
        (SYSTEM_STOPPED, JobEvent.STOPPED),
    ],
)
def test_errors_and_kills_are_failures_and_the_end_of_the_system_is_none(reason: str, event: JobEvent) -> None:
    assert end_event(reason) is event
