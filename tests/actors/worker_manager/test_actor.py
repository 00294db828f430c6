from collections.abc import Iterator

import pytest

from actors.worker_manager.actor import SWEEP_EVERY_S
from actors.worker_manager.requests import MAX_HELD, WAIT_S
from actors.worker_manager.returning import JournaledCall
from protocols import (
    NORMAL,
    SHUTDOWN,
    ChildResult,
    ConfigurationError,
    Drain,
    Drained,
    EndJob,
    Figures,
    GetFigures,
    GetJob,
    GetJobContext,
    GetSession,
    GetWorkerStatus,
    JobContextInfo,
    JobEnded,
    JobStarted,
    JobState,
    SessionInfo,
    WorkerStatus,
)
from supervision import SimRuntime
from support import sim_tree
from support.fake_context import ref
from support.lone_worker_manager import error, figures, job, journaled, reconciled, started

PARTS = ("registry", "worker_manager")


@pytest.fixture(params=range(3))
def sim(request: pytest.FixtureRequest) -> Iterator[SimRuntime]:
    with SimRuntime(seed=request.param) as sim:
        yield sim
        print(sim.report())


def status(sim: SimRuntime) -> WorkerStatus:
    answer = sim.ask("worker_manager", GetWorkerStatus(), timeout_s=15)
    assert isinstance(answer, WorkerStatus)
    return answer


def places(sim: SimRuntime) -> dict[str, str]:
    return {info.job_id: info.partition for info in status(sim).jobs}


# On the real tree, simulated.


def test_jobs_are_placed_least_busy_first_and_their_trees_are_up(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    for number in range(3):
        assert sim.ask("worker_manager", job(f"call-{number}")) == JobStarted(job_id=f"call-{number}", partition=f"partition/{number % 2}")
    answer = sim.ask("agent_session/call-1", GetSession())
    assert isinstance(answer, SessionInfo)
    sim.settle()
    assert sim.ask("job_context/call-1", GetJobContext()) == JobContextInfo(
        job_id="call-1", status="running", room="shop", participants=(), incarnations=1
    )
    now = status(sim)
    assert (now.accepted, now.refused, now.max_jobs, now.draining) == (3, 0, 4, False)
    assert {info.started_wall_s for info in now.jobs} == {sim.clock.wall()}


def test_a_job_sent_again_runs_once(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    requests = [sim.request("worker_manager", job("a")) for _ in range(3)]
    sim.run_until(lambda: all(request.answer for request in requests))
    assert {request.answer for request in requests} == {JobStarted(job_id="a", partition="partition/0")}
    assert sim.ask("worker_manager", job("a")) == JobStarted(job_id="a", partition="partition/0")
    assert status(sim).accepted == 1


def test_beyond_the_bound_jobs_are_refused_until_one_has_ended(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    for number in range(4):
        sim.ask("worker_manager", job(f"call-{number}"))
    assert error(sim.ask("worker_manager", job("call-4"))) == ("CapacityError", True)
    assert sim.ask("worker_manager", EndJob(job_id="call-1", reason="enough")) == JobEnded(job_id="call-1", reason="enough")
    assert not sim.is_alive("agent_session/call-1")
    assert sim.ask("worker_manager", job("call-4")) == JobStarted(job_id="call-4", partition="partition/1")


def test_a_full_partition_refuses(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS, partitions=1, max_children=1))
    sim.ask("worker_manager", job("a"))
    assert error(sim.ask("worker_manager", job("b"))) == ("CapacityError", True)


def test_a_call_that_ends_by_itself_frees_its_place(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    sim.ask("worker_manager", job("a"))
    sim.exit_in("agent_session/a", NORMAL)
    sim.settle()
    assert status(sim).jobs == ()
    assert sim.ask("worker_manager", GetJob(job_id="a")) == JobState(job_id="a", state="ended", reason="normal")
    assert sim.ask("worker_manager", EndJob(job_id="a")) == JobEnded(job_id="a", reason="noproc")


def test_an_agent_that_cannot_start_is_told_with_its_reason(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    answer = sim.ask("worker_manager", job("a", **{"raise": "no such model"}))
    assert error(answer) == ("SessionUnavailableError", False)
    assert "ValueError: no such model" in str(answer)
    answer = sim.ask("worker_manager", job("b", **{"raise": "InvalidAgentError: no module named shop"}))
    assert error(answer) == ("InvalidAgentError", False)
    assert status(sim).jobs == ()


@pytest.mark.parametrize("victim", ["worker_manager", "registry"])
def test_running_jobs_are_found_again_before_new_ones_are_taken(sim: SimRuntime, victim: str) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    for job_id in ("a", "b", "c"):
        sim.ask("worker_manager", job(job_id))
    before, sessions = places(sim), [sim.ref(f"agent_session/{job_id}") for job_id in ("a", "b", "c")]
    dead = sim.ref("worker_manager")
    sim.kill(victim)
    sim.run_until(lambda: sim.is_alive("worker_manager") and sim.ref("worker_manager") != dead)
    assert sim.ask("worker_manager", job("b")) == JobStarted(job_id="b", partition=before["b"])
    assert places(sim) == before
    assert [info.started_wall_s for info in status(sim).jobs] == [0.0, 0.0, 0.0]
    assert all(sim.is_alive(session) for session in sessions)
    assert sim.ask("worker_manager", job("d")) == JobStarted(job_id="d", partition="partition/1")
    assert error(sim.ask("worker_manager", job("e"))) == ("CapacityError", True)
    assert sim.ask("worker_manager", EndJob(job_id="a")) == JobEnded(job_id="a", reason="normal")
    assert not sim.is_alive("job/a")


@pytest.mark.parametrize("victim", ["job/a", "partition/0", "jobs"])
def test_a_call_whose_tree_is_gone_comes_back_without_being_asked_for(sim: SimRuntime, victim: str) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    for job_id in ("a", "b", "c"):
        sim.ask("worker_manager", job(job_id))
    began = {info.job_id: info.started_wall_s for info in status(sim).jobs}
    other, partition = sim.ref("agent_session/b"), sim.ref("partition/0")
    sim.run_for(5)
    sim.kill(victim)
    sim.settle()
    now = status(sim)
    assert {info.job_id: info.started_wall_s for info in now.jobs} == began
    assert (now.accepted, now.refused) == (3, 0)
    assert all(sim.is_alive(f"{kind}/{job_id}") for kind in ("job", "job_context", "agent_session") for job_id in "abc")
    assert sim.is_alive(other) == (victim != "jobs")
    assert sim.is_alive(partition) == (victim == "job/a")
    assert reasons(sim, "agent_session/a") == [f"error:{victim} ended (killed)"]
    assert sim.ask("worker_manager", GetJob(job_id="a")) == JobState(job_id="a", state="running", reason="")


def reasons(sim: SimRuntime, session: str) -> list[str]:
    """Why the newest life of a session was started, as it is told."""
    actor = sim.actor(session)
    assert isinstance(actor, sim_tree.PlainSession)
    return [actor.options["last_end"]] if "last_end" in actor.options else []


def test_who_waits_for_a_call_whose_partition_dies_gets_it_elsewhere(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    sim.delay_start("agent_session/a", 5.0)
    request = sim.request("worker_manager", job("a"))
    sim.run_until(lambda: any(one.id == "job/a" for one in sim.alive()))
    sim.kill("partition/0")
    sim.run_until(lambda: request.answer is not None, within_s=12.0)
    assert isinstance(request.answer, JobStarted)
    assert (status(sim).accepted, status(sim).refused) == (1, 0)


def test_a_call_that_is_to_end_does_not_come_back(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    sim.delay_start("agent_session/a", 5.0)
    sim.request("worker_manager", job("a"))
    ending = sim.request("worker_manager", EndJob(job_id="a", reason="enough"))
    sim.run_until(lambda: any(one.id == "job/a" for one in sim.alive()))
    sim.kill("partition/0")
    sim.run_until(lambda: ending.answer is not None, within_s=3.0)
    assert ending.answer == JobEnded(job_id="a", reason="enough")
    assert status(sim).jobs == ()
    assert sim.ask("worker_manager", GetJob(job_id="a")) == JobState(job_id="a", state="ended", reason="enough")


def test_a_call_that_dies_too_often_has_one_life_to_say_farewell(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS, args={"worker_manager": LITTLE}))
    sim.ask("worker_manager", job("a"))
    partition = sim.ref("partition/0")
    for _ in range(3):
        sim.kill("agent_session/a")
        sim.settle()
    [why] = reasons(sim, "agent_session/a")
    assert why == "error:agent_session/a ended (killed)"
    spent = "it died too often (allowed are 2 in 60 s), the last time because agent_session/a ended (killed)"
    assert farewell_reason(sim) == spent
    assert sim.ask("worker_manager", GetJob(job_id="a")) == JobState(job_id="a", state="running", reason="")
    sim.kill("agent_session/a")
    sim.settle()
    state = JobState(job_id="a", state="failed", reason=f"failed: {spent}; it died of saying farewell too")
    assert sim.ask("worker_manager", GetJob(job_id="a")) == state
    assert not sim.is_alive("job/a")
    assert sim.is_alive(partition)
    answer = sim.ask("worker_manager", GetFigures())
    assert isinstance(answer, Figures)
    assert (answer.figures["failed"], answer.figures["returned"], answer.figures["jobs"]) == (1, 1, 0)


def farewell_reason(sim: SimRuntime) -> str:
    actor = sim.actor("agent_session/a")
    assert isinstance(actor, sim_tree.PlainSession)
    return str(actor.options["farewell_reason"])


LITTLE = {"actors": sim_tree.JOB_ACTORS, "max_jobs": 4, "max_restarts": 2}


def test_a_call_that_has_to_return_too_often_says_farewell(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS, args={"worker_manager": LITTLE}))
    sim.ask("worker_manager", job("a"))
    for _ in range(3):
        sim.kill("job/a")
        sim.settle()
    assert farewell_reason(sim).startswith(
        "it had to be started again too often (allowed are 2 in 60 s), the last time because of error:job/a"
    )
    sim.exit_in("agent_session/a", NORMAL)
    sim.settle()
    assert sim.ask("worker_manager", GetJob(job_id="a")) == JobState(job_id="a", state="ended", reason="normal")


def test_a_call_that_dies_at_each_start_fails_and_concerns_nobody_else(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS, args={"worker_manager": LITTLE}))
    sim.ask("worker_manager", job("a", poison="no memory"))
    sim.ask("worker_manager", job("b"))
    others = [sim.ref(name) for name in ("partition/0", "partition/1", "agent_session/b")]
    sim.kill("job/a")
    sim.run_for(10)
    answer = sim.ask("worker_manager", GetJob(job_id="a"))
    assert isinstance(answer, JobState)
    assert answer.state == "failed"
    assert "(allowed are 2 in 60 s), the last time because of error:shutdown:failed_to_start_child" in answer.reason
    assert "ValueError: no memory; it could not say farewell" in answer.reason
    assert all(sim.is_alive(other) for other in others)


def test_requests_that_come_between_follow_the_outcome(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    sim.delay_start("agent_session/a", 1.0)
    requests = [sim.request("worker_manager", message) for message in (job("a"), EndJob(job_id="a", reason="no"), job("a"))]
    sim.run_until(lambda: all(request.answer for request in requests))
    assert [request.answer for request in requests] == [
        JobStarted(job_id="a", partition="partition/0"),
        JobEnded(job_id="a", reason="no"),
        JobStarted(job_id="a", partition="partition/0"),
    ]
    assert list(places(sim)) == ["a"]


# Alone.


def test_requests_wait_for_the_first_reconciliation_but_not_for_ever() -> None:
    context, actor = started()
    early = [context.deliver(actor, message) for message in (job("a"), EndJob(job_id="b"), GetWorkerStatus())]
    assert (early, figures(context, actor)["held"], figures(context, actor)["known"]) == ([[], [], []], 3, False)
    context.advance(WAIT_S / 2)
    late = context.deliver(actor, GetWorkerStatus())
    context.advance(WAIT_S / 2)
    context.take_asks()[0].then(None)
    assert [error(answer) for [answer] in early] == [("SystemUnavailableError", True)] * 3
    assert late == []
    context.advance(1.0)
    reconciled(context, "b")
    [answer] = late
    assert isinstance(answer, WorkerStatus)
    assert [info.job_id for info in answer.jobs] == ["b"]


def test_what_cannot_travel_or_has_no_id_is_refused_at_once() -> None:
    context, actor = started()
    reconciled(context)
    [answer] = context.deliver(actor, job("a b"))
    assert error(answer) == ("UsageError", False)
    [answer] = context.deliver(actor, EndJob(job_id=""))
    assert error(answer) == ("UsageError", False)
    [answer] = context.deliver(actor, job("a", instructions="x" * 1_048_000))
    assert error(answer) == ("MessageTooLargeError", False)
    assert context.take_asks() == []
    assert figures(context, actor)["jobs"] == 0


def test_requests_are_bounded() -> None:
    context, actor = started()
    for _ in range(MAX_HELD):
        context.deliver(actor, GetWorkerStatus())
    [answer] = context.deliver(actor, GetWorkerStatus())
    assert error(answer) == ("SystemUnavailableError", True)


def test_who_waits_is_told_when_it_ends() -> None:
    context, actor = started()
    waiting = context.deliver(actor, job("early"))
    reconciled(context)
    context.take_asks()
    later = context.deliver(actor, job("later"))
    actor.on_shutdown(SHUTDOWN)
    actor.terminate(SHUTDOWN)
    assert context.exited == SHUTDOWN
    assert [error(answer) for answer in (*waiting, *later)] == [("SystemUnavailableError", True)] * 2


def test_wrong_options_fail_the_start() -> None:
    with pytest.raises(ConfigurationError, match="max_jobs"):
        started(max_jobs=0)


# Draining.


def test_a_draining_node_refuses_new_calls_and_tells_when_the_last_has_ended(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    for job_id in ("a", "b"):
        sim.ask("worker_manager", job(job_id))
    drain = sim.request("worker_manager", Drain(timeout_ms=60_000))
    assert error(sim.ask("worker_manager", job("c"))) == ("CapacityError", True)
    assert sim.ask("worker_manager", job("a")) == JobStarted(job_id="a", partition="partition/0")
    assert status(sim).draining
    sim.kill("partition/0")  # its call is brought back all the same
    sim.settle()
    assert list(places(sim)) == ["a", "b"]
    sim.exit_in("agent_session/a", NORMAL)
    sim.settle()
    assert drain.answer is None
    sim.ask("worker_manager", EndJob(job_id="b"))
    sim.settle()
    assert drain.answer == Drained(jobs=0)
    assert sim.ask("worker_manager", Drain(timeout_ms=60_000)) == Drained(jobs=0)


def test_a_drain_ends_with_its_time_and_begins_anew_when_said_again(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    sim.ask("worker_manager", job("a"))
    first = sim.request("worker_manager", Drain(timeout_ms=10_000))
    sim.run_for(9)
    second = sim.request("worker_manager", Drain(timeout_ms=10_000))
    sim.run_for(9)
    assert (first.answer, second.answer) == (None, None)
    sim.run_for(1.1)
    assert (first.answer, second.answer) == (Drained(jobs=1), Drained(jobs=1))
    assert sim.ask("worker_manager", Drain(timeout_ms=0)) == Drained(jobs=1)
    assert status(sim).draining


def test_drains_are_bounded_and_told_when_it_ends() -> None:
    context, actor = started()
    reconciled(context, "a")
    waiting = [context.deliver(actor, Drain(timeout_ms=1_000)) for _ in range(MAX_HELD)]
    assert error(context.deliver(actor, Drain(timeout_ms=1_000))[0]) == ("SystemUnavailableError", True)
    actor.terminate(SHUTDOWN)
    assert {error(answer) for [answer] in waiting} == {("SystemUnavailableError", True)}


# With journals.


def test_calls_that_it_does_not_remember_are_looked_up() -> None:
    context, actor, shelf = journaled()
    reconciled(context)
    shelf.looks[0](())
    asked = [context.deliver(actor, GetJob(job_id=job_id)) for job_id in "abc"]
    told = [JournaledCall(job=job("a"), ended=True, outcome="failed: no more"), None, JournaledCall(job=job("c"), ours=False)]
    for (_, then), found in zip(shelf.reads, told, strict=True):
        then(found)
    assert [(answer.state, answer.reason[:20]) for [answer] in asked] == [  # type: ignore[union-attr]
        ("failed", "failed: no more"),
        ("unknown", "no call of this id i"),
        ("unknown", "its journal is open,"),
    ]
    late = context.deliver(actor, GetJob(job_id="d"))
    context.deliver(actor, job("d"))
    context.take_asks()[0].then(ChildResult(result="ok", ref=ref("job/d")))
    shelf.reads[-1][1](None)
    assert late == [JobState(job_id="d", state="running", reason="")]


def test_it_sweeps_now_and_then_and_at_its_end_and_closes_the_journals() -> None:
    context, actor, shelf = journaled()
    assert shelf.swept == 1
    context.asks.clear()
    context.timers = [timer for timer in context.timers if timer.at == context.clock.now + SWEEP_EVERY_S]
    context.advance(SWEEP_EVERY_S)
    assert shelf.swept == 2
    actor.terminate(SHUTDOWN)
    assert (shelf.swept, shelf.closed) == (3, True)
