import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.worker_manager.workload import (
    Answer,
    Decision,
    Job,
    Park,
    Phase,
    Start,
    Stop,
    Wait,
    Workload,
    end,
    ended,
    not_started,
    start,
    started,
    unsure,
    without_partition,
)
from protocols import ErrorReply, JobEnded, JobInfo, JobStarted, WorkerStatus
from support.fake_context import ref

PARTITIONS = {f"partition/{n}": ref(f"partition/{n}") for n in range(2)}
EMPTY = Workload(max_jobs=3, partitions=PARTITIONS, known=True)


def running(*job_ids: str) -> Workload:
    workload = EMPTY
    for job_id in job_ids:
        workload, decision = start(workload, job_id)
        assert isinstance(decision, Start)
        workload = started(workload, job_id, f"uid-{job_id}", 5.0)
    return workload


def error(decision: Decision) -> ErrorReply:
    assert isinstance(decision, Answer)
    assert isinstance(decision.message, ErrorReply)
    return decision.message


def test_a_job_starts_runs_and_ends() -> None:
    workload, decision = start(EMPTY, "a")
    assert decision == Start(PARTITIONS["partition/0"])
    workload = started(workload, "a", "uid-a", 5.0)
    assert workload.to_status() == WorkerStatus(
        jobs=(JobInfo(job_id="a", partition="partition/0", started_wall_s=5.0),), max_jobs=3, accepted=1, refused=0, draining=False
    )
    workload, decision = end(workload, "a")
    assert decision == Stop(PARTITIONS["partition/0"], "uid-a")
    workload = ended(workload, "a")
    assert (workload.jobs, workload.gone) == ({}, {"uid-a"})
    assert end(workload, "a") == (workload, Answer(JobEnded(job_id="a", reason="noproc")))


def test_nothing_is_decided_before_the_running_jobs_are_known() -> None:
    unknown = Workload(max_jobs=3, partitions=PARTITIONS)
    assert start(unknown, "a") == (unknown, Wait())
    assert end(unknown, "a") == (unknown, Wait())


def test_a_job_is_started_once() -> None:
    workload, _ = start(EMPTY, "a")
    assert start(workload, "a") == (workload, Park())
    workload = started(workload, "a", "uid-a", 5.0)
    assert start(workload, "a") == (workload, Answer(JobStarted(job_id="a", partition="partition/0")))


def test_who_comes_between_waits_for_the_outcome() -> None:
    starting, _ = start(EMPTY, "a")
    assert end(starting, "a") == (starting, Park())
    ending, _ = end(running("a"), "a")
    assert start(ending, "a") == (ending, Park())
    assert end(ending, "a") == (ending, Park())


def test_an_unsure_job_keeps_its_place_and_is_neither_started_nor_ended_again() -> None:
    workload = unsure(running("a", "b", "c"), "a")
    for _, decision in (start(workload, "a"), end(workload, "a")):
        reply = error(decision)
        assert (reply.error, reply.retryable) == ("SystemUnavailableError", True)
    assert error(start(workload, "d")[1]).error == "CapacityError"


def test_beyond_the_bound_jobs_are_refused_and_counted() -> None:
    workload, decision = start(running("a", "b", "c"), "d")
    reply = error(decision)
    assert (reply.error, reply.text, reply.retryable) == (
        "CapacityError",
        "all 3 places are taken: try again when a call has ended",
        True,
    )
    assert (workload.refused, len(workload.jobs)) == (1, 3)


def test_without_a_partition_jobs_are_refused() -> None:
    workload = EMPTY
    for name in PARTITIONS:
        workload = without_partition(workload, name)
    workload, decision = start(workload, "a")
    reply = error(decision)
    assert (reply.error, reply.retryable, workload.refused) == ("SystemUnavailableError", True, 1)


def test_a_failed_start_frees_the_place() -> None:
    workload, _ = start(EMPTY, "a")
    workload = not_started(workload, "a")
    assert (workload.jobs, workload.refused, workload.accepted) == ({}, 1, 0)


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_has_a_decision(phase: Phase) -> None:
    job = Job(job_id="a", partition="partition/0", to=PARTITIONS["partition/0"], phase=phase, uid="uid-a")
    workload = Workload(max_jobs=3, partitions=PARTITIONS, jobs={"a": job}, known=True)
    assert not isinstance(start(workload, "a")[1], Start | Wait)
    assert isinstance(end(workload, "a")[1], Stop) == (phase is Phase.RUNNING)


@given(st.lists(st.tuples(st.sampled_from(["start", "end", "up", "failed", "down", "unsure"]), st.sampled_from("abcdef")), max_size=60))
def test_places_are_never_overbooked_and_each_goes_to_the_least_busy(steps: list[tuple[str, str]]) -> None:
    workload = EMPTY
    for what, job_id in steps:
        job = workload.jobs.get(job_id)
        before = [job.partition for job in workload.jobs.values()]
        if what == "start":
            workload, decision = start(workload, job_id)
            if isinstance(decision, Start):
                assert before.count(decision.to.id) == min(before.count(name) for name in PARTITIONS)
        elif what == "end":
            workload, _ = end(workload, job_id)
        elif what == "up" and job and job.phase is Phase.STARTING:
            workload = started(workload, job_id, f"uid-{job_id}", 0.0)
        elif what == "failed" and job and job.phase is Phase.STARTING:
            workload = not_started(workload, job_id)
        elif what == "down" and job and job.phase is Phase.ENDING:
            workload = ended(workload, job_id)
        elif what == "unsure" and job and job.phase in {Phase.STARTING, Phase.ENDING}:
            workload = unsure(workload, job_id)
        assert len(workload.jobs) <= workload.max_jobs
        assert [info.job_id for info in workload.to_status().jobs] == sorted(workload.jobs)
