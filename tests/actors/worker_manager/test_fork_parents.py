"""Calls of programs on SimRuntime: forked from generations that change, fail to load, die and end, and come back whatever dies."""

from collections.abc import Iterator
from random import Random

import pytest

from actors.worker_manager.fork_parents import LOAD_TIMEOUT_MS, _in_words
from actors.worker_manager.generations import MAX_GENERATIONS, program_in
from protocols import (
    CheckProgram,
    EndJob,
    ErrorReply,
    GetJob,
    GetWorkerStatus,
    JobEnded,
    JobStarted,
    JobState,
    Message,
    ProgramChecked,
    StartChild,
    StartJob,
    TerminateChild,
    WorkerStatus,
)
from supervision import HUNG, ChildSpec, ChildType, SimRuntime, Strategy, SupervisorFlags, supervisor_args
from support import sim_generation, sim_tree
from support.sim_generation import ACTORS, Programs

WAITER, COOK = "/srv/waiter.py", "/srv/cook.py"


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    programs = Programs()
    monkeypatch.setattr(sim_generation, "PROGRAMS", programs)
    return programs


@pytest.fixture(params=range(3))
def sim(request: pytest.FixtureRequest, programs: Programs) -> Iterator[SimRuntime]:
    del programs
    with SimRuntime(seed=request.param) as sim:
        sim_tree.start(sim, tree())
        yield sim
        print(sim.report())


def tree(max_jobs: int = 30) -> dict[str, object]:
    worker = {"actors": ACTORS, "max_jobs": max_jobs}
    parts = {"registry": {}, "worker_manager": worker}
    infrastructure = [
        ChildSpec(id=name, name=name, title=name, actor=sim_tree.INFRASTRUCTURE[name], args=args, is_registry=name == "registry")
        for name, args in parts.items()
    ]
    flags = SupervisorFlags(max_restarts=50, max_seconds=10)
    jobs = ChildSpec(
        id="jobs",
        name="jobs",
        title="jobs",
        actor=sim_tree.SUPERVISOR,
        type=ChildType.SUPERVISOR,
        args=supervisor_args(flags, [sim_tree.partition(0)], may_start=ACTORS.values(), callers=sim_tree.CALLERS),
    )
    return supervisor_args(flags, (sim_tree.supervisor("infrastructure", infrastructure, Strategy.REST_FOR_ONE), jobs))


def offer(job_id: str, place: str = WAITER) -> StartJob:
    return StartJob(job_id=job_id, agent={"program": {"runner": "r:R", "place": place}}, options={})


def start(sim: SimRuntime, job_id: str, place: str = WAITER) -> str:
    answer = sim.ask("worker_manager", offer(job_id, place), timeout_s=90.0)
    assert isinstance(answer, JobStarted), answer
    return answer.partition


def loaded(sim: SimRuntime, programs: Programs, partition: str) -> tuple[str, int, str]:
    return programs.loaded[sim.ref(partition).uid]


def generations(sim: SimRuntime) -> list[str]:
    return sorted(ref.id for ref in sim.alive() if program_in(ref.id))


def where(sim: SimRuntime) -> dict[str, str]:
    status = sim.ask("worker_manager", GetWorkerStatus(), timeout_s=90.0)
    assert isinstance(status, WorkerStatus)
    return {job.job_id: job.partition for job in status.jobs}


def refused(sim: SimRuntime, job_id: str, place: str = WAITER) -> tuple[str, str]:
    answer: Message = sim.ask("worker_manager", offer(job_id, place), timeout_s=90.0)
    assert isinstance(answer, ErrorReply), answer
    return answer.error, answer.text


def test_calls_share_a_generation_until_the_code_changes(sim: SimRuntime, programs: Programs) -> None:
    first = start(sim, "a")
    assert start(sim, "b") == first
    assert start(sim, "c", COOK) != first
    assert loaded(sim, programs, first) == (WAITER, 1, "setup")
    programs.version[WAITER] = 2
    second = start(sim, "d")
    assert loaded(sim, programs, second) == (WAITER, 2, "setup")
    assert sim.ask("worker_manager", EndJob(job_id="a")) == JobEnded(job_id="a", reason="normal")
    sim.settle()
    assert sim.is_alive(first)
    assert sim.ask("worker_manager", EndJob(job_id="b")) == JobEnded(job_id="b", reason="normal")
    sim.run_until(lambda: not sim.is_alive(first), within_s=5.0)
    assert start(sim, "e") == second


def test_a_call_of_plain_data_never_comes_from_a_generation(sim: SimRuntime) -> None:
    start(sim, "a")
    answer = sim.ask("worker_manager", StartJob(job_id="b", agent={}, options={}))
    assert answer == JobStarted(job_id="b", partition="partition/0")


def test_calls_that_come_while_it_loads_wait_for_it_together_and_hold_up_no_other(sim: SimRuntime, programs: Programs) -> None:
    programs.load_s[WAITER] = 5.0
    for job_id in "ab":
        sim.send("worker_manager", offer(job_id))
    began = sim.clock.monotonic()
    assert start(sim, "c", COOK)
    assert sim.ask("worker_manager", StartJob(job_id="d", agent={}, options={})) == JobStarted(job_id="d", partition="partition/0")
    assert sim.clock.monotonic() - began < 2.0
    assert start(sim, "b") == start(sim, "a")
    assert len([name for name in generations(sim) if "waiter" in name]) == 1


def test_a_call_that_is_ended_before_it_could_start_never_does(sim: SimRuntime, programs: Programs) -> None:
    programs.load_s[WAITER] = 5.0
    sim.send("worker_manager", offer("a"))
    sim.run_for(1.0)
    assert sim.ask("worker_manager", EndJob(job_id="a", reason="enough")) == JobEnded(job_id="a", reason="enough")
    assert sim.ask("worker_manager", GetJob(job_id="a")) == JobState(job_id="a", state="ended", reason="enough")
    sim.run_for(10.0)
    assert where(sim) == {}
    assert not sim.is_alive("agent_session/a")


def test_a_program_that_cannot_be_loaded_is_refused_and_nothing_is_left(sim: SimRuntime, programs: Programs) -> None:
    programs.broken.add(WAITER)
    error, text = refused(sim, "a")
    assert error == "InvalidAgentError"
    assert text.startswith("/srv/waiter.py: its import failed")
    assert (generations(sim), where(sim)) == ([], {})
    programs.broken.clear()
    assert start(sim, "a")


def test_one_that_loads_too_long_is_ended_and_told(sim: SimRuntime, programs: Programs) -> None:
    programs.load_s[WAITER] = LOAD_TIMEOUT_MS / 1000 + 20.0
    error, text = refused(sim, "a")
    assert error == "InvalidAgentError"
    assert "its import and setup took more than 60 s" in text
    sim.settle()
    assert generations(sim) == []


@pytest.mark.parametrize(("leaves", "mode"), [({"setup"}, "import"), ({"setup", "import"}, "nothing")])
def test_what_it_leaves_behind_is_done_in_each_call(sim: SimRuntime, programs: Programs, leaves: set[str], mode: str) -> None:
    programs.leaves[WAITER] = leaves
    assert loaded(sim, programs, start(sim, "a"))[2] == mode


def test_beyond_the_bound_idle_ones_make_room_and_then_starts_are_refused(sim: SimRuntime) -> None:
    for number in range(MAX_GENERATIONS):
        start(sim, f"j{number}", f"/srv/p{number}.py")
    assert refused(sim, "more")[0] == "CapacityError"
    sim.ask("worker_manager", EndJob(job_id="j3"))
    start(sim, "more")
    assert len(generations(sim)) == MAX_GENERATIONS
    assert not any("p3.py" in name for name in generations(sim))


def test_a_call_whose_supervisor_dies_comes_back_on_its_generation_though_the_code_is_another(sim: SimRuntime, programs: Programs) -> None:
    first = start(sim, "a")
    programs.version[WAITER] = 2
    start(sim, "b")
    before = sim.ref("agent_session/a").uid
    sim.kill("job/a")
    sim.run_until(lambda: sim.is_alive("agent_session/a") and sim.ref("agent_session/a").uid != before, within_s=10.0)
    sim.settle()
    assert where(sim)["a"] == first
    assert sim.is_alive(first)


@pytest.mark.parametrize("victim", ["generation", "jobs", "partition/0", "worker_manager", "registry", "infrastructure"])
def test_whatever_dies_calls_come_back_those_without_generation_on_the_code_of_now(
    sim: SimRuntime, programs: Programs, victim: str
) -> None:
    first = start(sim, "a")
    start(sim, "b", COOK)
    programs.version[WAITER] = 2
    sim.kill(first if victim == "generation" else victim)
    sim.run_for(3.0)
    if victim in {"registry", "infrastructure"}:
        sim_tree.announce(sim, sim.ref("application"))
    sim.run_until(lambda: sim.is_alive("agent_session/a") and sim.is_alive("agent_session/b"), within_s=20.0)
    sim.run_for(3.0)
    placed = where(sim)
    assert {loaded(sim, programs, placed[job_id])[0] for job_id in "ab"} == {WAITER, COOK}
    assert loaded(sim, programs, placed["a"])[1] == (2 if victim in {"generation", "jobs"} else 1)
    assert loaded(sim, programs, start(sim, "c"))[1] == 2


def test_a_program_that_breaks_takes_its_calls_only_when_their_generation_dies_too_and_says_why(
    sim: SimRuntime, programs: Programs
) -> None:
    first = start(sim, "a")
    programs.version[WAITER] = 2
    programs.broken.add(WAITER)
    assert refused(sim, "b")[0] == "InvalidAgentError"
    assert where(sim) == {"a": first}
    sim.kill(first)
    sim.run_for(60.0)
    state = sim.ask("worker_manager", GetJob(job_id="a"), timeout_s=30.0)
    assert isinstance(state, JobState)
    assert state.state == "failed"
    assert "its import failed" in state.reason


def test_nothing_waits_when_jobs_dies_while_a_program_loads(sim: SimRuntime, programs: Programs) -> None:
    programs.load_s[WAITER] = 3.0
    sim.send("worker_manager", offer("a"))
    sim.run_for(1.0)
    sim.kill("jobs")
    began = sim.clock.monotonic()
    assert start(sim, "a")
    assert sim.clock.monotonic() - began < 15.0


def test_a_generation_that_does_not_say_whether_it_is_current_takes_no_new_call(sim: SimRuntime) -> None:
    first = start(sim, "a")
    sim.drop(message=CheckProgram, times=1)
    assert start(sim, "b") != first
    assert where(sim)["a"] == first


def test_one_that_was_not_told_to_end_is_told_again(sim: SimRuntime, programs: Programs) -> None:
    first = start(sim, "a")
    programs.version[WAITER] = 2
    start(sim, "b")
    sim.drop(message=TerminateChild, to="jobs", times=1)
    sim.ask("worker_manager", EndJob(job_id="a"))
    sim.run_for(10.0)
    assert sim.is_alive(first)
    sim.run_for(120.0)
    assert not sim.is_alive(first)


def test_when_nobody_says_what_became_of_it_the_start_may_be_asked_for_again(sim: SimRuntime) -> None:
    sim.drop(message=StartChild, to="jobs", times=1)
    error, _ = refused(sim, "a")
    assert error == "SystemUnavailableError"
    assert start(sim, "a")


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("error:timeout", "error:InvalidAgentError: /w.py: its import and setup took more than 60 s and were ended"),
        (f"error:{HUNG}", "error:InvalidAgentError: /w.py: its import or setup stood still for 10 s and was ended"),
        ("error:error:killed", "error:error:killed"),
    ],
)
def test_what_was_ended_for_its_length_is_told_so(result: str, text: str) -> None:
    assert _in_words(result, "/w.py") == text


PLACES = [WAITER, COOK, "/srv/night.py"]
VICTIMS = ("jobs", "worker_manager", "partition/0")
MOVES = ("start", "start", "start", "end", "kill", "kill", "change", "lose", "wait")


class Fire:
    """Random moves of callers, of programmers, and of whatever kills."""

    def __init__(self, sim: SimRuntime, programs: Programs, random: Random) -> None:
        self.sim = sim
        self.programs = programs
        self.random = random
        self.wanted: dict[str, str] = {}

    def move(self, number: int) -> None:
        match self.random.choice(MOVES):
            case "start":
                self.wanted[f"j{number}"] = place = self.random.choice(PLACES)
                self.send(offer(f"j{number}", place))
            case "end" if self.wanted:
                job_id = self.random.choice(sorted(self.wanted))
                del self.wanted[job_id]
                self.send(EndJob(job_id=job_id))
            case "kill":
                victim = self.random.choice([*VICTIMS, *generations(self.sim)])
                if self.sim.is_alive(victim):
                    self.sim.kill(victim)
            case "change":
                place = self.random.choice(PLACES)
                self.programs.version[place] = self.programs.version.get(place, 1) + 1
            case "lose":
                self.sim.drop(message=self.random.choice([CheckProgram, ProgramChecked, TerminateChild]), times=1)
            case _:
                self.sim.run_for(self.random.choice([0.005, 0.1, 1.0, 8.0]))

    def send(self, message: Message) -> None:
        if self.sim.is_alive("worker_manager"):
            self.sim.send("worker_manager", message)

    def end(self, job_id: str) -> None:
        """Ask until it has ended: what is to be lost may be lost now."""
        while not isinstance(self.sim.ask("worker_manager", EndJob(job_id=job_id), timeout_s=60.0), JobEnded):
            pass

    def settle(self) -> None:
        """What a dead worker manager was asked for is asked for again: without journals nobody else remembers it."""
        self.sim.run_for(100.0)
        for job_id in where(self.sim).keys() - self.wanted.keys():
            self.end(job_id)
        for job_id, place in self.wanted.items():
            start(self.sim, job_id, place)
        self.sim.run_for(100.0)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_dies_is_lost_or_changes_in_the_end_each_call_runs_once_and_idle_generations_are_gone(
    programs: Programs, seed: int
) -> None:
    with SimRuntime(seed=seed) as sim:
        sim_tree.start(sim, tree())
        fire = Fire(sim, programs, Random(seed))
        for number in range(25):
            fire.move(number)
        fire.settle()
        assert {job_id: loaded(sim, programs, partition)[0] for job_id, partition in where(sim).items()} == fire.wanted
        running = [ref.id for ref in sim.alive() if ref.id.startswith("job/")]
        assert sorted(running) == sorted(f"job/{job_id}" for job_id in fire.wanted)
        for place in PLACES:
            assert loaded(sim, programs, start(sim, f"last-{place[5:-3]}", place))[1] == programs.version.get(place, 1)
        for job_id in where(sim):
            fire.end(job_id)
        sim.run_for(200.0)
        assert len(generations(sim)) == len(PLACES)
