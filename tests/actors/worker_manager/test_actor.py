from collections.abc import Iterator
from typing import Any

import pytest

from actors.worker_manager import WorkerManager
from actors.worker_manager.actor import END_TIMEOUT_S, MAX_HELD, START_TIMEOUT_S, WAIT_S, WATCHED
from protocols import (
    NORMAL,
    SHUTDOWN,
    ChildInfo,
    Children,
    ChildResult,
    ConfigurationError,
    EndJob,
    ErrorReply,
    Figures,
    GetFigures,
    GetJobContext,
    GetSession,
    GetWorkerStatus,
    JobContextInfo,
    JobEnded,
    JobStarted,
    Message,
    NameChanged,
    RegistryChanged,
    SessionInfo,
    StartChild,
    StartJob,
    TerminateChild,
    WatchNames,
    WorkerStatus,
)
from supervision import SimRuntime
from support import sim_tree
from support.fake_context import FakeContext, ref

PARTS = ("registry", "worker_manager")
P0 = ref("partition/0")


@pytest.fixture(params=range(3))
def sim(request: pytest.FixtureRequest) -> Iterator[SimRuntime]:
    with SimRuntime(seed=request.param) as sim:
        yield sim
        print(sim.report())


def job(job_id: str, **agent: Any) -> StartJob:
    return StartJob(job_id=job_id, agent=agent, options={"room": "shop"})


def status(sim: SimRuntime) -> WorkerStatus:
    answer = sim.ask("worker_manager", GetWorkerStatus(), timeout_s=15)
    assert isinstance(answer, WorkerStatus)
    return answer


def places(sim: SimRuntime) -> dict[str, str]:
    return {info.job_id: info.partition for info in status(sim).jobs}


def error(answer: Message) -> tuple[str, bool]:
    assert isinstance(answer, ErrorReply)
    return answer.error, answer.retryable


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


def test_a_killed_partition_takes_its_jobs_along_and_takes_new_ones_when_it_is_back(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    for job_id in ("a", "b"):
        sim.ask("worker_manager", job(job_id))
    sim.kill("partition/0")
    sim.settle()
    assert places(sim) == {"b": "partition/1"}
    assert sim_tree.lookup(sim, "agent_session/a") is None
    assert sim.ask("worker_manager", job("a")) == JobStarted(job_id="a", partition="partition/0")


def test_who_waits_for_a_job_whose_partition_dies_is_told(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    sim.delay_start("agent_session/a", 5.0)
    request = sim.request("worker_manager", job("a"))
    ending = sim.request("worker_manager", EndJob(job_id="a"))
    sim.run_until(lambda: any(one.id == "job/a" for one in sim.alive()))
    sim.kill("partition/0")
    sim.run_until(lambda: request.answer is not None and ending.answer is not None, within_s=3.0)
    assert request.answer is not None
    assert error(request.answer) == ("SystemUnavailableError", True)
    assert ending.answer == JobEnded(job_id="a", reason="noproc")


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


# Alone, where partitions are silent.


def started(**args: Any) -> tuple[FakeContext, WorkerManager]:
    context = FakeContext(registry=ref("registry"))
    actor = WorkerManager(context)
    actor.on_start({"actors": sim_tree.JOB_ACTORS, **args})
    return context, actor


def surveyed(context: FakeContext, *jobs: str) -> None:
    def info(actor_id: str) -> ChildInfo:
        return ChildInfo(id=actor_id, state="running", type="supervisor", title="", ref=ref(actor_id))

    [survey] = context.take_asks()
    survey.then(Children(children=(info("partition/0"),)))
    [survey] = context.take_asks()
    survey.then(Children(children=tuple(info(f"job/{job_id}") for job_id in jobs)))


def figures(context: FakeContext, actor: WorkerManager) -> dict[str, Any]:
    [reply] = context.deliver(actor, GetFigures())
    assert isinstance(reply, Figures)
    assert reply.role == "worker_manager"
    return dict(reply.figures)


def test_it_watches_the_names_that_concern_it_in_each_new_registry() -> None:
    context, actor = started()
    watches = [(ref("registry"), WatchNames(prefix=prefix)) for prefix in WATCHED]
    assert context.sent == watches
    actor.on_registry_changed()
    assert context.sent == watches * 2
    context.registry = None
    actor.on_registry_changed()
    assert context.sent == watches * 2


def test_requests_wait_for_the_first_survey_but_not_for_ever() -> None:
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
    surveyed(context, "b")
    [answer] = late
    assert isinstance(answer, WorkerStatus)
    assert [info.job_id for info in answer.jobs] == ["b"]


def test_a_partition_that_does_not_say_whether_the_job_started_is_asked_again() -> None:
    context, actor = started()
    surveyed(context)
    replies = context.deliver(actor, job("a"))
    [ask] = context.take_asks()
    assert (ask.to, type(ask.message), ask.timeout_s) == (P0, StartChild, START_TIMEOUT_S)
    ask.then(None)
    assert error(replies[0]) == ("SystemUnavailableError", True)
    [answer] = context.deliver(actor, job("a"))
    assert error(answer) == ("SystemUnavailableError", True)
    surveyed(context, "a")
    assert context.deliver(actor, job("a")) == [JobStarted(job_id="a", partition="partition/0")]


def test_a_partition_that_does_not_say_whether_the_job_ended_is_asked_again() -> None:
    context, actor = started()
    surveyed(context, "a")
    replies = context.deliver(actor, EndJob(job_id="a"))
    [ask] = context.take_asks()
    assert (ask.message, ask.timeout_s) == (TerminateChild(child_id="job/a", uid="job/a-1"), END_TIMEOUT_S)
    ask.then(ChildResult(result="error:unsupported"))
    assert error(replies[0]) == ("SystemUnavailableError", True)
    surveyed(context)
    assert context.deliver(actor, EndJob(job_id="a")) == [JobEnded(job_id="a", reason="noproc")]


def test_late_answers_of_a_dead_partition_change_nothing() -> None:
    context, actor = started()
    surveyed(context, "b")
    context.deliver(actor, job("a"))
    context.deliver(actor, EndJob(job_id="b"))
    start, stop = context.take_asks()
    context.deliver(actor, NameChanged(name="partition/0", ref=None, reason="killed"))
    context.take_asks()[0].then(Children(children=()))
    start.then(ChildResult(result="ok", ref=ref("job/a")))
    stop.then(ChildResult(result="ok"))
    assert (figures(context, actor)["jobs"], figures(context, actor)["partitions"]) == (0, 0)
    [answer] = context.deliver(actor, job("a"))
    assert error(answer) == ("SystemUnavailableError", True)


def test_an_answer_without_a_life_is_no_start() -> None:
    context, actor = started()
    surveyed(context)
    replies = context.deliver(actor, job("a"))
    context.take_asks()[0].then(ChildResult(result="ok"))
    assert error(replies[0]) == ("SystemUnavailableError", True)


def test_a_second_life_of_a_job_is_stopped() -> None:
    context, _ = started()
    context.take_asks()[0].then(
        Children(
            children=tuple(
                ChildInfo(id=n, state="running", type="supervisor", title="", ref=ref(n)) for n in ("partition/0", "partition/1")
            )
        )
    )
    for number, ask in enumerate(context.take_asks()):
        life = ChildInfo(id="job/a", state="running", type="supervisor", title="", ref=ref("job/a", number))
        ask.then(Children(children=(life,)))
    assert context.sent[-1] == (ref("partition/1"), TerminateChild(child_id="", uid="job/a-1"))


def test_what_cannot_travel_or_has_no_id_is_refused_at_once() -> None:
    context, actor = started()
    surveyed(context)
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
    assert error(answer) == ("CapacityError", True)


def test_who_waits_is_told_when_it_ends() -> None:
    context, actor = started()
    waiting = context.deliver(actor, job("early"))
    surveyed(context)
    context.take_asks()
    later = context.deliver(actor, job("later"))
    actor.on_shutdown(SHUTDOWN)
    actor.terminate(SHUTDOWN)
    assert context.exited == SHUTDOWN
    assert [error(answer) for answer in (*waiting, *later)] == [("SystemUnavailableError", True)] * 2


def test_names_that_are_known_are_no_reason_to_look_again() -> None:
    context, actor = started()
    surveyed(context, "a")
    context.deliver(actor, NameChanged(name="job/a", ref=ref("job/a")))
    context.deliver(actor, RegistryChanged(registry=ref("registry")))
    assert context.take_asks() == []
    context.deliver(actor, NameChanged(name="job/b", ref=ref("job/b")))
    assert len(context.take_asks()) == 1


def test_wrong_options_fail_the_start() -> None:
    with pytest.raises(ConfigurationError, match="max_jobs"):
        started(max_jobs=0)
