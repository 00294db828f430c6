"""Which generation of a program its calls are forked from, whatever ends, changes, or does not answer."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.worker_manager.generations import (
    FULL,
    LEAVES,
    MAX_GENERATIONS,
    Begin,
    Check,
    Generations,
    Mode,
    Plan,
    Refuse,
    Take,
    UnderWay,
    all_gone,
    begun,
    checked,
    generation_name,
    gone,
    newest,
    program_in,
    program_of,
    serial_in,
    source_of,
    stays,
    to_end,
    want,
)
from protocols import StartJob

WAITER = "waiter.py-00000001"


def job(place: str, server: str = "") -> StartJob:
    return StartJob(job_id="a", agent={"program": {"runner": "r:R", "place": place, "server": server}}, options={})


def test_a_program_is_named_by_its_place_and_its_server() -> None:
    waiter = program_of(job("/srv/my waiter.py"))
    assert waiter.startswith("my_waiter.py-")
    assert program_of(job("/opt/my waiter.py")) != waiter
    assert program_of(job("/srv/my waiter.py", "night")) != waiter
    assert source_of(job("/srv/w.py", "night")) == {"place": "/srv/w.py", "server": "night"}
    assert program_of(StartJob(job_id="a", agent={"instructions": "hi"}, options={})) == ""
    assert program_of(StartJob(job_id="a", agent={"program": {"place": 3}}, options={})) == ""
    assert program_of(None) == ""


@given(st.text(min_size=1, max_size=300), st.integers(1, 10**6))
def test_whatever_the_place_the_name_of_a_generation_tells_program_and_number(place: str, serial: int) -> None:
    program = program_of(job(place))
    name = generation_name(program, serial)
    assert (program_in(name), serial_in(name)) == (program, serial)
    assert len(name) < 80


def test_a_partition_of_plain_data_is_no_generation() -> None:
    assert (program_in("partition/3"), serial_in("partition/3")) == ("", 0)


def test_the_first_call_begins_a_generation_and_the_next_asks_it() -> None:
    state, plan = want(Generations(), WAITER, {"partition/0"}, ())
    first = generation_name(WAITER, 1)
    assert plan == Begin(first, Mode.SETUP)
    assert want(state, WAITER, {"partition/0"}, ())[1] == UnderWay()
    state, plan = begun(state, first, "ok", {first}, ())
    assert plan == Take(first)
    state, plan = want(state, WAITER, {first}, ())
    assert plan == Check(first)
    assert checked(state, first, {first}, (), current=True)[1] == Take(first)
    state, plan = checked(state, first, {first}, {first}, current=False)
    assert plan == Begin(generation_name(WAITER, 2), Mode.SETUP)


def test_running_calls_keep_an_outdated_generation_until_the_last_is_over() -> None:
    first, second = generation_name(WAITER, 1), generation_name(WAITER, 2)
    state, _ = want(Generations(), WAITER, {first}, {first})
    state, _ = checked(state, first, {first}, {first}, current=False)
    assert to_end(state, {first}, {first})[1] == ()
    state, _ = begun(state, second, "ok", {first, second}, {first})
    assert to_end(state, {first, second}, {first})[1] == ()
    state, over = to_end(state, {first, second}, ())
    assert over == (first,)
    assert to_end(state, {first, second}, ())[1] == ()
    assert to_end(stays(state, first), {first, second}, ())[1] == (first,)
    assert gone(state, first).ending == frozenset()


def test_what_does_not_come_up_is_told_and_the_next_call_tries_again() -> None:
    state, _ = want(Generations(), WAITER, (), ())
    state, plan = begun(state, generation_name(WAITER, 1), "error:InvalidAgentError: no", (), ())
    assert plan == Refuse("error:InvalidAgentError: no")
    assert want(state, WAITER, (), ())[1] == Begin(generation_name(WAITER, 2), Mode.SETUP)


@pytest.mark.parametrize(
    ("reasons", "modes"),
    [
        (["setup: thread t"], [Mode.IMPORT]),
        (["import: thread t"], [Mode.NOTHING]),
        (["setup: thread t", "import: socket"], [Mode.IMPORT, Mode.NOTHING]),
    ],
)
def test_what_leaves_something_behind_is_begun_anew_with_less(reasons: list[str], modes: list[Mode]) -> None:
    state, plan = want(Generations(), WAITER, (), ())
    for serial, (reason, mode) in enumerate(zip(reasons, modes, strict=True), start=1):
        state, plan = begun(state, generation_name(WAITER, serial), f"error:error:{LEAVES}{reason}", (), ())
        assert plan == Begin(generation_name(WAITER, serial + 1), mode)
    again = f"error:error:{LEAVES}import: thread t"
    state, plan = begun(state, plan.generation, again, (), ())  # type: ignore[union-attr]
    assert isinstance(plan, Refuse) or plan == Begin(generation_name(WAITER, 3), Mode.NOTHING)


def test_late_answers_are_about_nothing() -> None:
    first = generation_name(WAITER, 1)
    assert checked(Generations(), first, {first}, (), current=False) == (Generations(), UnderWay())
    assert begun(Generations(), first, "ok", {first}, ()) == (Generations(), UnderWay())
    state, _ = want(Generations(), WAITER, {first}, ())
    assert checked(gone(state, first), first, (), (), current=False)[1] == UnderWay()
    state, _ = want(Generations(), WAITER, (), ())
    assert begun(all_gone(state), first, "ok", (), ())[1] == UnderWay()


def test_beyond_the_bound_the_idle_one_used_longest_ago_ends_and_without_one_the_start_is_refused() -> None:
    state = Generations()
    running = set[str]()
    for number in range(MAX_GENERATIONS):
        program = f"p{number}-00000000"
        state, _ = want(state, program, running, ())
        running.add(generation_name(program, 1))
        state, plan = begun(state, generation_name(program, 1), "ok", running, ())
        assert isinstance(plan, Take)
    assert want(state, WAITER, running, running)[1] == Refuse(FULL)
    state, plan = want(state, WAITER, running, {generation_name("p0-00000000", 1)})
    assert plan == Begin(generation_name(WAITER, 1), Mode.SETUP, instead_of=generation_name("p1-00000000", 1))


@dataclass
class World:
    """What truly runs: generations with the version of the code that they loaded, and calls with their generation."""

    version: dict[str, int] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    calls: dict[int, str] = field(default_factory=dict)
    waiting: dict[int, str] = field(default_factory=dict)
    answers: list[tuple[str, str]] = field(default_factory=list)


class Programs(RuleBasedStateMachine):
    """Programs that change, generations that die, answers in any order: who was asked and takes a call is of the code of now, no call waits
    for nothing, none loses its generation, and the bound holds."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.state = Generations()
        self.number = 0
        self.serials = set[str]()

    @property
    def busy(self) -> set[str]:
        return set(self.world.calls.values())

    def perform(self, program: str, plan: Plan) -> None:
        world = self.world
        match plan:
            case Check(generation=generation):
                assert generation in world.running
                world.answers.append(("check", generation))
            case Begin(generation=generation, instead_of=instead_of):
                assert generation not in self.serials, "a name is given once"
                self.serials.add(generation)
                if instead_of:
                    assert instead_of not in self.busy
                    world.running.pop(instead_of, None)
                    self.state = gone(self.state, instead_of)
                world.answers.append(("begin", generation))
            case Take(generation=generation):
                assert generation in world.running
                for call, wanted in list(world.waiting.items()):
                    if wanted == program:
                        world.calls[call] = generation
                        del world.waiting[call]
            case Refuse():
                for call in [call for call, wanted in world.waiting.items() if wanted == program]:
                    del world.waiting[call]
            case UnderWay():  # also said to an answer that comes too late: of a generation that has died meanwhile
                waits = program in world.waiting.values()
                assert not waits or any(program_in(generation) == program for _, generation in world.answers)

    def end_idle(self) -> None:
        self.state, over = to_end(self.state, self.world.running, self.busy)
        for generation in over:
            assert generation not in self.busy
            del self.world.running[generation]
            self.state = gone(self.state, generation)

    @rule(number=st.integers(0, 9))
    def a_call_comes(self, number: int) -> None:
        program = f"p{number}-00000000"
        self.number += 1
        self.world.version.setdefault(program, 1)
        self.world.waiting[self.number] = program
        self.state, plan = want(self.state, program, self.world.running, self.busy)
        self.perform(program, plan)

    @rule(number=st.integers(0, 9))
    def a_program_changes(self, number: int) -> None:
        program = f"p{number}-00000000"
        self.world.version[program] = self.world.version.get(program, 1) + 1

    @precondition(lambda self: self.world.answers)
    @rule(data=st.data())
    def an_answer_comes(self, data: st.DataObject) -> None:
        world = self.world
        kind, generation = world.answers.pop(data.draw(st.integers(0, len(world.answers) - 1)))
        program = program_in(generation)
        if kind == "check":
            answers = generation in world.running and data.draw(st.booleans() | st.just(value=True))
            current = answers and world.running[generation] == world.version[program]
            self.state, plan = checked(self.state, generation, world.running, self.busy, current=current)
            if isinstance(plan, Take):
                assert world.running[plan.generation] == world.version[program], "who takes a call was asked, and is of the code of now"
        else:
            result = data.draw(st.sampled_from(["ok", "ok", "ok", "error:no", f"error:error:{LEAVES}setup: t"]))
            if result == "ok":
                world.running[generation] = world.version[program]
            self.state, plan = begun(self.state, generation, result, world.running, self.busy)
        self.perform(program, plan)
        self.end_idle()

    @precondition(lambda self: self.world.calls)
    @rule(data=st.data())
    def a_call_ends(self, data: st.DataObject) -> None:
        del self.world.calls[data.draw(st.sampled_from(sorted(self.world.calls)))]
        self.end_idle()

    @precondition(lambda self: self.world.running)
    @rule(data=st.data())
    def a_generation_dies(self, data: st.DataObject) -> None:
        world = self.world
        generation = data.draw(st.sampled_from(sorted(world.running)))
        del world.running[generation]
        world.calls = {call: where for call, where in world.calls.items() if where != generation}
        self.state = gone(self.state, generation)
        self.start_waiting()

    @rule()
    def jobs_dies(self) -> None:
        self.world.running.clear()
        self.world.calls.clear()
        self.world.answers.clear()
        self.state = all_gone(self.state)
        self.start_waiting()

    def start_waiting(self) -> None:
        for program in dict.fromkeys(self.world.waiting.values()):
            self.state, plan = want(self.state, program, self.world.running, self.busy)
            self.perform(program, plan)

    @invariant()
    def who_waits_waits_for_an_answer(self) -> None:
        coming = {program_in(generation) for _, generation in self.world.answers}
        assert set(self.world.waiting.values()) <= coming

    @invariant()
    def calls_have_their_generation(self) -> None:
        assert self.busy <= self.world.running.keys()

    @invariant()
    def the_bound_holds(self) -> None:
        begins = {generation for kind, generation in self.world.answers if kind == "begin"}
        assert len(self.world.running.keys() | begins) <= MAX_GENERATIONS

    @invariant()
    def no_more_than_the_newest_is_idle(self) -> None:
        for generation in self.world.running.keys() - self.busy - self.state.outdated:
            steps = {step[1] for step in self.state.steps.values()}
            assert generation == newest(program_in(generation), self.world.running) or generation in steps


TestPrograms = Programs.TestCase
