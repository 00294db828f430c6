"""The whole tree on SimRuntime: who restarts when one dies, and that a call notices nothing."""

from collections.abc import Iterator

import pytest

from livekitex_agent import composition
from livekitex_agent.options import SystemOptions
from protocols import (
    KILLED,
    EndJob,
    GetSession,
    GetWorkerStatus,
    JobEnded,
    JobStarted,
    ListTools,
    Permit,
    RequestPermit,
    SessionInfo,
    StartJob,
    Tools,
    WorkerStatus,
)
from supervision import SimRuntime
from support import sim_tree
from support.http_of_sim import fetch

ORDER = ("registry", "circuit_breakers", "tool_registry", "audio_processor", "health_server", "worker_manager")
CALL = ("jobs", "partition/0", "partition/1", "job/7f3a", "job_context/7f3a", "agent_session/7f3a")

RESTARTED = {
    # whom we kill: who is another process afterwards
    "registry": ORDER,
    "circuit_breakers": ORDER[1:],
    "tool_registry": ORDER[2:],
    "audio_processor": ORDER[3:],
    "health_server": ORDER[4:],
    "worker_manager": ORDER[5:],
    "infrastructure": ("infrastructure", *ORDER),
}


@pytest.fixture(params=range(4))
def sim(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimRuntime]:
    monkeypatch.setitem(composition.JOB_ACTORS, "agent_session", sim_tree.SESSION)
    root = composition.root(SystemOptions(preload=False, journal=False, max_jobs=4), "run")
    with SimRuntime(seed=request.param) as sim:
        sim_tree.start(sim, root["args"])
        yield sim
        print(sim.report())


def lives(sim: SimRuntime) -> dict[str, str]:
    return {ref.id: ref.uid for ref in sim.alive()}


def kill(sim: SimRuntime, victim: str) -> None:
    """As SIGKILL does it: the kernel closes what the processes had open."""
    http = None
    if victim in {"health_server", "infrastructure"}:
        http = sim.actor("health_server")
    sim.kill(victim)
    if http is not None:
        http.terminate(KILLED)


@pytest.mark.parametrize("victim", RESTARTED)
def test_exactly_the_dead_and_those_after_it_restart_and_the_call_goes_on(sim: SimRuntime, victim: str) -> None:
    assert sim.ask("worker_manager", StartJob(job_id="7f3a", agent={}, options={})) == JobStarted(job_id="7f3a", partition="partition/0")
    sim.settle()
    before = lives(sim)
    kill(sim, victim)
    sim.run_until(lambda: lives(sim).keys() == before.keys(), within_s=5.0)
    after = lives(sim)
    assert {name for name in before if before[name] != after[name]} == set(RESTARTED[victim])
    assert all(before[name] == after[name] for name in CALL)

    sim.settle()
    sim_tree.announce(sim, sim.ref("application"))  # the launcher does it whenever the registry is another one
    answer = sim.ask("agent_session/7f3a", GetSession())
    assert isinstance(answer, SessionInfo)
    assert {name: sim_tree.lookup(sim, name) for name in after} == {name: sim.ref(name) for name in after}
    assert sim.ask("circuit_breakers", RequestPermit(service="llm")) == Permit(service="llm", allowed=True)
    assert isinstance(sim.ask("tool_registry", ListTools()), Tools)
    assert fetch(sim, "/health").status == 200
    assert fetch(sim, "/health/ready").status == 200
    status = sim.ask("worker_manager", GetWorkerStatus())
    assert isinstance(status, WorkerStatus)
    assert [job.job_id for job in status.jobs] == ["7f3a"]
    assert sim.ask("worker_manager", StartJob(job_id="b", agent={}, options={})) == JobStarted(job_id="b", partition="partition/1")
    assert sim.ask("worker_manager", EndJob(job_id="7f3a")) == JobEnded(job_id="7f3a", reason="normal")
    assert not sim.is_alive("agent_session/7f3a")


def test_a_session_that_dies_comes_back_alone(sim: SimRuntime) -> None:
    for job_id in ("7f3a", "other"):
        sim.ask("worker_manager", StartJob(job_id=job_id, agent={}, options={}))
    before = lives(sim)
    sim.kill("agent_session/7f3a")
    sim.run_until(lambda: lives(sim).keys() == before.keys(), within_s=5.0)
    sim.settle()
    assert {name for name, uid in lives(sim).items() if before[name] != uid} == {"agent_session/7f3a"}
    assert sim_tree.lookup(sim, "agent_session/7f3a") == sim.ref("agent_session/7f3a")


@pytest.mark.parametrize("victim", ["jobs", "partition/0", "job/7f3a"])
def test_a_call_comes_back_from_any_death_above_it(sim: SimRuntime, victim: str) -> None:
    for job_id in ("7f3a", "other"):
        sim.ask("worker_manager", StartJob(job_id=job_id, agent={}, options={}))
    before = lives(sim)
    sim.kill(victim)
    sim.run_until(lambda: lives(sim).keys() == before.keys(), within_s=5.0)
    sim.settle()
    dead = {"jobs", "partition/0", "partition/1", *(name for name in before if name.endswith(("/7f3a", "/other")))}
    if victim != "jobs":
        dead = {victim, *(name for name in before if name.endswith("/7f3a"))}
    assert {name for name, uid in lives(sim).items() if before[name] != uid} == dead
    assert all(sim_tree.lookup(sim, name) == sim.ref(name) for name in dead)
    status = sim.ask("worker_manager", GetWorkerStatus())
    assert isinstance(status, WorkerStatus)
    assert [job.job_id for job in status.jobs] == ["7f3a", "other"]


def test_in_the_end_nobody_is_left(sim: SimRuntime) -> None:
    sim.ask("worker_manager", StartJob(job_id="7f3a", agent={}, options={}))
    sim.close()
    assert sim.alive() == ()
