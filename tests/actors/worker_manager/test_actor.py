from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors.worker_manager import WorkerManager
from actors.worker_manager.actor import SWEEP_EVERY_S
from actors.worker_manager.arguments import WorkerManagerArguments
from actors.worker_manager.call_journals import CallJournals
from actors.worker_manager.calls import END_TIMEOUT_S, NEWS_S, START_TIMEOUT_S, WATCHED
from actors.worker_manager.reconciler import RECONCILE_EVERY_S
from actors.worker_manager.requests import MAX_HELD, WAIT_S
from actors.worker_manager.returning import AGAIN_S, UNSEEN, JournaledCall
from protocols import (
    NORMAL,
    SHUTDOWN,
    ChildInfo,
    Children,
    ChildResult,
    ConfigurationError,
    Drain,
    Drained,
    EndJob,
    ErrorReply,
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
from support.fake_context import Ask, FakeContext, ref

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


# Alone, where partitions are silent.


def started(**args: Any) -> tuple[FakeContext, WorkerManager]:
    context = FakeContext(registry=ref("registry"))
    actor = WorkerManager(context)
    actor.on_start({"actors": sim_tree.JOB_ACTORS, **args})
    return context, actor


def reconciled(context: FakeContext, *jobs: str) -> None:
    def info(actor_id: str) -> ChildInfo:
        return ChildInfo(id=actor_id, state="running", type="supervisor", title="", ref=ref(actor_id))

    [reconciliation] = context.take_asks()
    reconciliation.then(Children(children=(info("partition/0"),)))
    [reconciliation] = context.take_asks()
    reconciliation.then(Children(children=tuple(info(f"job/{job_id}") for job_id in jobs)))


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


def test_a_partition_that_does_not_say_whether_the_job_started_is_asked_again() -> None:
    context, actor = started()
    reconciled(context)
    replies = context.deliver(actor, job("a"))
    [ask] = context.take_asks()
    assert (ask.to, type(ask.message), ask.timeout_s) == (P0, StartChild, START_TIMEOUT_S)
    ask.then(None)
    assert error(replies[0]) == ("SystemUnavailableError", True)
    [answer] = context.deliver(actor, job("a"))
    assert error(answer) == ("SystemUnavailableError", True)
    reconciled(context, "a")
    assert context.deliver(actor, job("a")) == [JobStarted(job_id="a", partition="partition/0")]


def test_a_partition_that_does_not_say_whether_the_job_ended_is_asked_again() -> None:
    context, actor = started()
    reconciled(context, "a")
    replies = context.deliver(actor, EndJob(job_id="a"))
    [ask] = context.take_asks()
    assert (ask.message, ask.timeout_s) == (TerminateChild(child_id="job/a", uid="job/a-1"), END_TIMEOUT_S)
    ask.then(ChildResult(result="error:unsupported"))
    assert error(replies[0]) == ("SystemUnavailableError", True)
    reconciled(context)
    assert context.deliver(actor, EndJob(job_id="a")) == [JobEnded(job_id="a", reason="noproc")]


def test_late_answers_of_a_dead_partition_change_nothing() -> None:
    context, actor = started()
    reconciled(context, "b")
    context.deliver(actor, job("a"))
    context.deliver(actor, EndJob(job_id="b", reason="enough"))
    start, stop = context.take_asks()
    context.deliver(actor, NameChanged(name="partition/0", ref=None, reason="killed"))
    context.take_asks()[0].then(Children(children=()))
    start.then(ChildResult(result="ok", ref=ref("job/a")))
    stop.then(ChildResult(result="ok"))
    now = figures(context, actor)
    assert (now["jobs"], now["returning"], now["partitions"]) == (1, 1, 0)
    assert context.deliver(actor, GetJob(job_id="a")) == [
        JobState(job_id="a", state="returning", reason="error:partition/0 ended (killed)")
    ]
    assert context.deliver(actor, GetJob(job_id="b")) == [JobState(job_id="b", state="ended", reason="enough")]


def test_an_answer_without_a_life_is_no_start() -> None:
    context, actor = started()
    reconciled(context)
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


def test_names_that_are_known_are_no_reason_to_look_again() -> None:
    context, actor = started()
    reconciled(context, "a")
    context.deliver(actor, NameChanged(name="job/a", ref=ref("job/a")))
    context.deliver(actor, RegistryChanged(registry=ref("registry")))
    assert context.take_asks() == []
    context.deliver(actor, NameChanged(name="job/b", ref=ref("job/b")))
    assert len(context.take_asks()) == 1


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


class Journaled(WorkerManager):
    """Its journals are the test's."""

    def open_journals(self, arguments: WorkerManagerArguments) -> CallJournals:
        del arguments
        return Shelf.of(self.context)


class Shelf:
    """Journals that answer when the test says so."""

    def __init__(self) -> None:
        self.looks: list[Callable[[tuple[JournaledCall, ...] | None], None]] = []
        self.reads: list[tuple[str, Callable[[JournaledCall | None], None]]] = []
        self.released: list[tuple[str, str]] = []
        self.disowned: list[str] = []
        self.swept = 0
        self.closed = False

    @staticmethod
    def of(context: Any) -> "Shelf":
        shelf: Shelf = context.shelf
        return shelf

    def open_calls(self, then: Callable[[tuple[JournaledCall, ...] | None], None]) -> None:
        self.looks.append(then)

    def read(self, call_id: str, then: Callable[[JournaledCall | None], None]) -> None:
        self.reads.append((call_id, then))

    def release(self, call_id: str, outcome: str) -> None:
        self.released.append((call_id, outcome))

    def disown(self, call_id: str) -> None:
        self.disowned.append(call_id)

    def sweep(self) -> None:
        self.swept += 1

    def close(self) -> None:
        self.closed = True


def journaled() -> tuple[FakeContext, WorkerManager, Shelf]:
    context = FakeContext(registry=ref("registry"))
    context.shelf = Shelf()  # type: ignore[attr-defined]
    actor = Journaled(context)
    actor.on_start({"actors": sim_tree.JOB_ACTORS})
    return context, actor, context.shelf  # type: ignore[attr-defined]


def gone_in(context: FakeContext, actor: WorkerManager, job_id: str) -> None:
    """The job's supervisor is gone, and its partition says so."""
    context.deliver(actor, NameChanged(name=f"job/{job_id}", ref=None, reason="killed", final=True))
    reconciled(context)


def start_again(context: FakeContext, job_id: str) -> tuple[Ask, dict[str, Any]]:
    """The request to start a call again, and its session's options."""
    [ask] = context.take_asks()
    assert isinstance(ask.message, StartChild)
    assert ask.message.spec["id"] == f"job/{job_id}"
    return ask, ask.message.spec["args"]["children"][1]["args"]["options"]


def test_the_open_calls_of_the_journals_that_nobody_runs_come_back() -> None:
    context, actor, shelf = journaled()
    early = context.deliver(actor, GetJob(job_id="b"))
    reconciled(context, "a")
    assert (early, figures(context, actor)["known"], shelf.reads) == ([], False, [])
    [told] = shelf.looks
    told(tuple(JournaledCall(job=job(job_id), began_wall_s=7.0) for job_id in ("a", "b")))
    ask, options = start_again(context, "b")
    assert (options["last_end"], options["farewell_reason"]) == (UNSEEN, "")
    assert early == [JobState(job_id="b", state="returning", reason=UNSEEN)]
    ask.then(ChildResult(result="ok", ref=ref("job/b")))
    [answer] = context.deliver(actor, GetWorkerStatus())
    assert isinstance(answer, WorkerStatus)
    assert [(info.job_id, info.started_wall_s) for info in answer.jobs] == [("a", 7.0), ("b", 7.0)]
    assert len(shelf.looks) == 1


def test_a_disk_that_does_not_answer_is_asked_again_and_holds_nobody_up() -> None:
    context, actor, shelf = journaled()
    early = context.deliver(actor, GetWorkerStatus())
    reconciled(context)
    shelf.looks[0](None)
    assert len(early) == 1
    context.advance(RECONCILE_EVERY_S)
    reconciled(context)
    shelf.looks[1]((JournaledCall(job=job("b")),))
    start_again(context, "b")
    assert len(shelf.looks) == 2


def test_the_journal_says_whether_a_call_is_over() -> None:
    context, actor, shelf = journaled()
    reconciled(context, "a", "b")
    shelf.looks[0](())
    gone_in(context, actor, "a")
    [(_, read_a)] = shelf.reads
    context.advance(NEWS_S)  # of the other nobody says why
    (_, (_, read_b)) = shelf.reads
    waiting = [context.deliver(actor, GetJob(job_id=job_id)) for job_id in "ab"]
    assert waiting == [[], []]
    read_a(JournaledCall(job=job("a"), ended=True, outcome="the caller hung up"))
    read_b(None)
    assert waiting[0] == [JobState(job_id="a", state="ended", reason="the caller hung up")]
    [state] = waiting[1]  # taken over from another life, and without a journal
    assert isinstance(state, JobState)
    assert (state.state, shelf.released) == ("failed", [("b", state.reason)])


def test_why_a_job_is_gone_may_be_told_later_than_that_it_is() -> None:
    context, actor, shelf = journaled()
    reconciled(context, "a")
    shelf.looks[0]((JournaledCall(job=job("a")),))
    context.advance(RECONCILE_EVERY_S)
    reconciled(context)
    waiting = context.deliver(actor, GetJob(job_id="a"))
    context.deliver(actor, NameChanged(name="agent_session/a", ref=None, reason="normal", final=True))
    assert shelf.reads == []
    context.deliver(actor, NameChanged(name="job/a", ref=None, reason="shutdown", final=True))
    [(_, read)] = shelf.reads
    read(None)
    assert waiting == [JobState(job_id="a", state="ended", reason="normal")]
    context.asks.clear()
    context.advance(NEWS_S)
    assert len(shelf.reads) == 1


def test_what_the_disk_says_too_late_changes_nothing() -> None:
    context, actor, shelf = journaled()
    reconciled(context, "a")
    shelf.looks[0](())
    gone_in(context, actor, "a")
    assert context.deliver(actor, EndJob(job_id="a", reason="enough")) == [JobEnded(job_id="a", reason="enough")]
    assert shelf.released == [("a", "enough")]
    [(_, told)] = shelf.reads
    told(JournaledCall(job=job("a")))
    assert context.take_asks() == []
    assert context.deliver(actor, GetJob(job_id="a")) == [JobState(job_id="a", state="ended", reason="enough")]


def test_a_call_that_does_not_start_is_disowned_and_one_that_is_ended_is_released() -> None:
    context, actor, shelf = journaled()
    reconciled(context)
    shelf.looks[0](())
    context.deliver(actor, job("a"))
    context.take_asks()[0].then(ChildResult(result="error:ValueError: no such model"))
    assert (shelf.disowned, shelf.released) == (["a"], [])
    context.deliver(actor, job("b"))
    context.take_asks()[0].then(ChildResult(result="ok", ref=ref("job/b")))
    context.deliver(actor, EndJob(job_id="b", reason="enough"))
    context.take_asks()[0].then(ChildResult(result="ok"))
    assert shelf.released == [("b", "enough")]


def test_a_partition_that_ends_is_not_the_calls_fault() -> None:
    context, actor, shelf = journaled()
    reconciled(context, "a")
    shelf.looks[0]((JournaledCall(job=job("a")),))
    gone_in(context, actor, "a")
    shelf.reads[0][1](JournaledCall(job=job("a")))
    for _ in range(20):
        ask, options = start_again(context, "a")
        assert options["farewell_reason"] == ""
        ask.then(ChildResult(result="exit:shutdown"))
        context.advance(AGAIN_S)
    assert figures(context, actor)["returning"] == 1


def test_a_start_that_nobody_waits_for_is_given_up() -> None:
    context, actor, shelf = journaled()
    reconciled(context)
    shelf.looks[0](())
    context.deliver(actor, job("a"))
    context.take_asks()[0].then(None)
    reconciled(context)
    shelf.reads[0][1](JournaledCall(job=job("a")))
    assert shelf.released == [("a", "nobody waited for its start any more")]
    assert figures(context, actor)["jobs"] == 0


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
