from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.worker_manager.generations import generation_name, program_of
from actors.worker_manager.returning import Call, Over
from actors.worker_manager.workload import (
    MAX_OVER,
    Answer,
    Decision,
    Job,
    Park,
    Phase,
    Prepare,
    Recall,
    Release,
    Start,
    Stop,
    Wait,
    Workload,
    ask,
    conclude_call,
    decide,
    due,
    end,
    ended,
    not_started,
    place,
    place_in,
    returning,
    start,
    started,
    unsure,
    with_generation,
    without_partition,
)
from protocols import EndJob, ErrorReply, GetJob, GetWorkerStatus, JobEnded, JobInfo, JobStarted, JobState, StartJob, WorkerStatus
from support.fake_context import ref

PARTITIONS = {f"partition/{n}": ref(f"partition/{n}") for n in range(2)}
EMPTY = Workload(max_jobs=3, partitions=PARTITIONS, reconciled=True, journals_read=True)


def job(job_id: str) -> StartJob:
    return StartJob(job_id=job_id, agent={"instructions": job_id}, options={})


def running(*job_ids: str) -> Workload:
    workload = EMPTY
    for job_id in job_ids:
        workload, decision = start(workload, job(job_id))
        assert isinstance(decision, Start)
        workload = started(workload, job_id, f"uid-{job_id}", 5.0)
    return workload


def error(decision: Decision) -> ErrorReply:
    assert isinstance(decision, Answer)
    assert isinstance(decision.message, ErrorReply)
    return decision.message


def test_a_job_starts_runs_and_ends() -> None:
    workload, decision = start(EMPTY, job("a"))
    assert decision == Start(job("a"), PARTITIONS["partition/0"])
    workload = started(workload, "a", "uid-a", 5.0)
    assert workload.to_status() == WorkerStatus(
        jobs=(JobInfo(job_id="a", partition="partition/0", started_wall_s=5.0),), max_jobs=3, accepted=1, refused=0, draining=False
    )
    workload, decision = end(workload, "a", "enough")
    assert decision == Stop(PARTITIONS["partition/0"], "uid-a")
    workload = ended(workload, "a")
    assert (workload.jobs, workload.gone) == ({}, {"uid-a"})
    assert ask(workload, "a") == Answer(JobState(job_id="a", state="ended", reason="enough"))
    assert end(workload, "a", "enough") == (workload, Answer(JobEnded(job_id="a", reason="noproc")))


def test_nothing_is_decided_before_the_running_jobs_are_known() -> None:
    unknown = Workload(max_jobs=3, partitions=PARTITIONS)
    assert start(unknown, job("a")) == (unknown, Wait())
    assert end(unknown, "a", "enough") == (unknown, Wait())


def test_each_request_has_its_decision() -> None:
    workload = running("a")
    assert decide(workload, job("b")) == start(workload, job("b"))
    assert decide(workload, EndJob(job_id="a", reason="enough")) == end(workload, "a", "enough")
    assert decide(workload, GetJob(job_id="a")) == (workload, ask(workload, "a"))
    assert decide(workload, GetWorkerStatus()) == (workload, Answer(workload.to_status()))
    unknown = replace(workload, journals_read=False)
    assert [decide(unknown, question)[1] for question in (job("b"), EndJob(job_id="a"), GetJob(job_id="a"), GetWorkerStatus())] == [
        Wait()
    ] * 4


def test_its_figures_count_what_runs_and_what_was() -> None:
    workload, _ = start(replace(returning(running("a", "b"), "a", Call(last_end="killed"), 9.0), max_jobs=2), job("c"))
    assert workload.to_figures() == {
        "jobs": 2,
        "max_jobs": 2,
        "accepted": 2,
        "refused": 1,
        "returned": 0,
        "returning": 1,
        "failed": 0,
        "partitions": 2,
        "generations": 0,
        "known": True,
        "draining": False,
    }


def test_a_job_is_started_once() -> None:
    workload, _ = start(EMPTY, job("a"))
    assert start(workload, job("a")) == (workload, Park())
    workload = started(workload, "a", "uid-a", 5.0)
    assert start(workload, job("a")) == (workload, Answer(JobStarted(job_id="a", partition="partition/0")))


def test_who_comes_between_waits_for_the_outcome() -> None:
    starting, _ = start(EMPTY, job("a"))
    assert end(starting, "a", "enough") == (starting, Park())
    ending, _ = end(running("a"), "a", "enough")
    assert start(ending, job("a")) == (ending, Park())
    assert end(ending, "a", "enough") == (ending, Park())


def test_an_unsure_job_keeps_its_place_and_is_neither_started_nor_ended_again() -> None:
    workload = unsure(running("a", "b", "c"), "a")
    for _, decision in (start(workload, job("a")), end(workload, "a", "enough")):
        reply = error(decision)
        assert (reply.error, reply.retryable) == ("SystemUnavailableError", True)
    assert error(start(workload, job("d"))[1]).error == "CapacityError"


def test_beyond_the_bound_jobs_are_refused_and_counted() -> None:
    workload, decision = start(running("a", "b", "c"), job("d"))
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
    workload, decision = start(workload, job("a"))
    reply = error(decision)
    assert (reply.error, reply.retryable, workload.refused) == ("SystemUnavailableError", True, 1)


def test_a_failed_start_frees_the_place() -> None:
    workload, _ = start(EMPTY, job("a"))
    workload = not_started(workload, "a")
    assert (workload.jobs, workload.refused, workload.accepted) == ({}, 1, 0)


def back(workload: Workload, job_id: str, due_s: float = 0.0) -> Workload:
    """The job lost its processes, and is to return."""
    return returning(workload, job_id, replace(workload.jobs[job_id].call, last_end="killed"), due_s)


def test_a_call_that_returns_keeps_its_place_and_its_beginning() -> None:
    workload = back(running("a", "b", "c"), "a")
    assert error(start(workload, job("d"))[1]).error == "CapacityError"
    assert [info.job_id for info in workload.to_status().jobs] == ["a", "b", "c"]
    assert ask(workload, "a") == Answer(JobState(job_id="a", state="returning", reason="killed"))
    workload, to = place(workload, "a")
    assert to == PARTITIONS["partition/0"]  # b is alone on the other, c was put beside a
    assert ask(workload, "a") == Answer(JobState(job_id="a", state="returning", reason="killed"))
    workload = started(workload, "a", "uid-a2", 99.0)
    assert ask(workload, "a") == Answer(JobState(job_id="a", state="running", reason=""))
    assert workload.jobs["a"].started_wall_s == 5.0
    assert (workload.accepted, workload.returned) == (3, 1)


def test_returning_calls_are_due_after_their_pause_and_wait_for_a_partition() -> None:
    workload = back(back(running("a", "b", "c"), "a", 3.0), "b", 2.0)
    assert [due(workload, now) for now in (1.0, 2.0, 3.0)] == [(), ("b",), ("b", "a")]
    for name in PARTITIONS:
        workload = without_partition(workload, name)
    assert place(workload, "a") == (workload, None)


def test_whoever_waits_for_a_call_that_returns_hears_of_it() -> None:
    workload = back(running("a"), "a")
    assert start(workload, job("a")) == (workload, Park())
    after, decision = end(workload, "a", "enough")
    assert decision == Release(JobEnded(job_id="a", reason="enough"))
    assert (after.jobs, after.over) == ({}, {"a": Over("ended", "enough", release=True)})


def test_how_a_job_stands() -> None:
    assert ask(Workload(max_jobs=3), "a") == Wait()
    assert ask(EMPTY, "a") == Recall()
    starting, _ = start(EMPTY, job("a"))
    assert ask(starting, "a") == Park()
    failed = conclude_call(running("a"), "a", Over("failed", "failed: no more"))
    assert ask(failed, "a") == Answer(JobState(job_id="a", state="failed", reason="failed: no more"))
    assert (failed.failed, failed.jobs) == (1, {})
    assert ask(start(failed, job("a"))[0], "a") == Park()


def test_what_became_of_calls_is_remembered_for_the_newest() -> None:
    workload = EMPTY
    for number in range(MAX_OVER + 5):
        workload, _ = start(workload, job(f"call-{number}"))
        workload = conclude_call(workload, f"call-{number}", Over("ended", "normal"))
    assert len(workload.over) == MAX_OVER
    assert "call-4" not in workload.over
    assert "call-5" in workload.over


def test_a_draining_node_takes_no_new_call_and_brings_back_its_own() -> None:
    draining = replace(back(running("a", "b"), "a"), draining=True)
    workload, decision = start(draining, job("c"))
    assert (error(decision).error, error(decision).retryable, workload.refused) == ("CapacityError", True, 1)
    assert "draining" in error(decision).text
    assert start(draining, job("b"))[1] == Answer(JobStarted(job_id="b", partition="partition/1"))
    assert place(draining, "a")[1] is not None
    assert draining.to_status().draining


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_has_a_decision(phase: Phase) -> None:
    one = Job(job_id="a", partition="partition/0", to=PARTITIONS["partition/0"], phase=phase, uid="uid-a")
    workload = Workload(max_jobs=3, partitions=PARTITIONS, jobs={"a": one}, reconciled=True, journals_read=True)
    assert not isinstance(start(workload, job("a"))[1], Start | Wait)
    assert isinstance(end(workload, "a", "enough")[1], Stop) == (phase is Phase.RUNNING)


@given(
    st.lists(
        st.tuples(st.sampled_from(["start", "end", "up", "failed", "down", "unsure", "lost", "place"]), st.sampled_from("abcdef")),
        max_size=60,
    )
)
def test_places_are_never_overbooked_and_each_goes_to_the_least_busy(  # noqa: C901 - one case for each step
    steps: list[tuple[str, str]],
) -> None:
    workload = EMPTY
    for what, job_id in steps:
        one = workload.jobs.get(job_id)
        before = [each.partition for each in workload.jobs.values() if each.placed]
        to = None
        if what == "start":
            workload, decision = start(workload, job(job_id))
            to = decision.to if isinstance(decision, Start) else None
        elif what == "end":
            workload, _ = end(workload, job_id, "enough")
        elif what == "up" and one and one.phase is Phase.STARTING:
            workload = started(workload, job_id, f"uid-{job_id}", 0.0)
        elif what == "failed" and one and one.phase is Phase.STARTING:
            workload = not_started(workload, job_id)
        elif what == "down" and one and one.phase is Phase.ENDING:
            workload = ended(workload, job_id)
        elif what == "unsure" and one and one.phase in {Phase.STARTING, Phase.ENDING}:
            workload = unsure(workload, job_id)
        elif what == "lost" and one and one.placed:
            workload = returning(workload, job_id, Call(last_end="killed"), 0.0)
        elif what == "place" and job_id in due(workload, 0.0):
            workload, to = place(workload, job_id)
        if to is not None:
            assert before.count(to.id) == min(before.count(name) for name in PARTITIONS)
        assert len(workload.jobs) <= workload.max_jobs
        assert not workload.jobs.keys() & workload.over.keys()
        assert [info.job_id for info in workload.to_status().jobs] == sorted(workload.jobs)


PROGRAM = StartJob(job_id="a", agent={"program": {"runner": "r:R", "place": "/srv/waiter.py"}}, options={})
GENERATION = generation_name(program_of(PROGRAM), 1)


def test_a_call_of_a_program_waits_for_a_generation_and_returns_to_it() -> None:
    workload, decision = start(replace(EMPTY, forks_programs=True), PROGRAM)
    assert decision == Prepare()
    assert due(workload, 0.0) == ("a",)
    assert ask(workload, "a") == Park()
    assert start(workload, PROGRAM)[1] == Park()
    assert workload.to_figures()["returning"] == 0
    assert place(workload, "a") == (workload, None)
    assert place_in(workload, "a", GENERATION) == (workload, None)
    workload, to = place_in(with_generation(workload, GENERATION, ref(GENERATION)), "a", GENERATION)
    assert to == ref(GENERATION)
    assert workload.busy == {GENERATION}
    assert workload.to_figures()["generations"] == 1
    workload = returning(started(workload, "a", "uid-a", 5.0), "a", Call(job=PROGRAM, last_end="killed"), 9.0)
    assert place(workload, "a")[1] == ref(GENERATION)
    assert place(without_partition(workload, GENERATION), "a")[1] is None
    workload, decision = start(workload, job("b"))
    assert decision == Start(job("b"), ref("partition/0"))


def test_without_generations_a_program_is_a_job_like_any_other() -> None:
    _, decision = start(EMPTY, PROGRAM)
    assert decision == Start(PROGRAM, ref("partition/0"))
