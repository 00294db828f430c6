"""SimRuntime as its users have it."""

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import KILLED, NORMAL, SHUTDOWN, ExitReason, Figures, GetFigures, Ref, SendText, SimulationError, UsageError, abnormal
from supervision import Links, SimRuntime, TraceKind, VirtualTimeLoop
from supervision.actor import ActorStart, ChildExited, ChildIgnored, ChildStarted, ChildStartFailed
from supervision.sim.probe import Received
from support.sim_actors import Node, TrappingNode, do
from support.virtual_time import passes

SUPERVISING = {"children": [{"actor_id": "kid"}]}


def notes(sim: SimRuntime, target: Ref | str) -> list[str]:
    answer = sim.ask(target, GetFigures())
    assert isinstance(answer, Figures)
    found: list[str] = answer.figures["notes"]
    return found


@pytest.fixture
def sim() -> SimRuntime:
    return SimRuntime(seed=7)


# Start.


@pytest.mark.parametrize(("actor", "actor_id", "found"), [(Node, "", "Node"), ("support.sim_actors:Node", "n", "n")])
def test_a_root_is_up_when_start_returns(sim: SimRuntime, actor: Any, actor_id: str, found: str) -> None:
    ref = sim.start(actor, {"x": 1}, actor_id=actor_id)
    assert ref.id == found
    assert isinstance(sim.fate(ref), ChildStarted)
    assert sim.actor(ref).args == {"x": 1}  # type: ignore[attr-defined]
    assert sim.actor(ref).context.parent == sim.outside


def test_a_root_is_given_its_registry(sim: SimRuntime) -> None:
    registry = Ref(id="registry", uid="r-1", address="x")
    assert sim.actor(sim.start(Node, registry=registry)).context.registry == registry


@pytest.mark.parametrize(
    ("start", "text"),
    [
        ("fail", r"Node#1 did not come up: error:init_failed\nSimRuntime.seed=7. at 1000.000 s"),
        ("ignore", "Node#1 did not come up: ignored"),
    ],
)
def test_a_root_that_does_not_come_up_says_why(sim: SimRuntime, start: str, text: str) -> None:
    with pytest.raises(SimulationError, match=text):
        sim.start(Node, {"start": start})


def test_a_start_that_takes_too_long_fails(sim: SimRuntime) -> None:
    sim.delay_start("Node", 5, attempt=2)
    sim.start(Node)
    with pytest.raises(SimulationError, match="the start of Node#2 did not come in 4 s"):
        sim.start(Node, within_s=4)
    sim.delay_start("Node", 3)
    assert sim.start(Node, within_s=4)


def test_a_root_may_be_spawned_and_watched(sim: SimRuntime) -> None:
    fates = []
    for start in ("fail", "ignore", "defer"):
        ref = sim.spawn(ActorStart(actor_id=start, uid=f"{start}-1", actor="support.sim_actors:Node", args={"start": start}))
        assert sim.fate(ref) is None
        sim.settle()
        fates.append(sim.fate(ref))
    assert fates == [ChildStartFailed(uid="fail-1", reason=abnormal("init_failed")), ChildIgnored(uid="ignore-1"), None]


# Look.


def test_the_living_are_found_by_life_and_by_id(sim: SimRuntime) -> None:
    parent = sim.start(Node, SUPERVISING, actor_id="parent")
    sim.settle()
    kid = sim.ref("kid")
    assert sim.alive() == (parent, kid)
    assert sim.children(parent) == sim.children("parent") == (kid,)
    assert sim.name(kid) == "kid#1"
    assert sim.name(Ref(id="who", uid="?", address="?")) == "who"
    assert sim.is_alive(kid)
    assert sim.is_alive("kid")
    sim.kill(kid)
    assert not sim.is_alive(kid)
    assert not sim.is_alive("kid")
    with pytest.raises(UsageError, match="kid does not live; alive: parent#1"):
        sim.ref("kid")
    with pytest.raises(UsageError, match="kid#1 does not live"):
        sim.actor(kid)
    sim.kill(parent)
    with pytest.raises(UsageError, match="parent does not live; alive: nobody"):
        sim.kill("parent")


def test_an_id_stands_for_its_newest_life(sim: SimRuntime) -> None:
    first, second = sim.start(Node, actor_id="a"), sim.start(Node, actor_id="a")
    assert sim.ref("a") == second
    sim.kill("a")
    assert sim.ref("a") == first


def test_an_actor_that_has_not_begun_is_not_there_to_look_at(sim: SimRuntime) -> None:
    ref = sim.spawn(ActorStart(actor_id="a", uid="a-1", actor="support.sim_actors:Node"))
    with pytest.raises(UsageError, match="has not begun to start"):
        sim.actor(ref)


# Talk.


def test_a_question_runs_until_it_is_answered(sim: SimRuntime) -> None:
    ref = sim.start(Node)
    assert sim.ask(ref, GetFigures()) == Figures(role="Node", figures={"notes": []})
    request = sim.request("Node", GetFigures())
    assert request.answer is None
    sim.settle()
    assert request.answer == Figures(role="Node", figures={"notes": []})


def test_a_question_without_an_answer_fails_at_its_deadline(sim: SimRuntime) -> None:
    ref = sim.start(Node)
    sim.suspend(ref)
    with pytest.raises(SimulationError, match="an answer to GetFigures cannot come: nothing is left to happen"):
        sim.ask(ref, GetFigures(), timeout_s=2)
    assert sim.clock.monotonic() == 1002
    sim.run_for(1)
    sim.resume(ref)
    assert notes(sim, ref) == []
    assert sim.trace.texts(TraceKind.LOST) == ["lost Node#1 GetFigures from outside"]


def test_what_actors_tell_the_outside_is_received(sim: SimRuntime) -> None:
    ref = sim.start(Node)
    sim.send(ref, do("tell parent", "hello"))
    sim.settle()
    assert sim.received == (Received(message=SendText(command_id="heard", text="hello"), sender=ref),)


def test_bytes_and_messages_to_the_dead_are_lost(sim: SimRuntime) -> None:
    ref = sim.start(Node)
    sim.send_bytes(ref, b"junk")
    sim.send_bytes("Node", b"junk")
    sim.settle()
    sim.kill(ref)
    sim.send(ref, GetFigures())
    sim.settle()
    assert len(sim.trace.texts(TraceKind.LOST)) == 3


# Run.


def test_time_passes_only_as_far_as_asked(sim: SimRuntime) -> None:
    ref = sim.start(Node)
    for delay in ("1", "2.5", "4"):
        sim.send(ref, do("after", delay))
    sim.settle()
    assert sim.clock.monotonic() == 1000
    sim.run_for(3)
    assert sim.clock.monotonic() == 1003
    assert [note for note in notes(sim, ref) if note.startswith("fired")] == ["fired 1", "fired 2.5"]
    assert sim.advance()
    while sim.advance():
        pass
    assert sim.clock.monotonic() == 1004


def test_waiting_for_something_stops_when_it_holds(sim: SimRuntime) -> None:
    ref = sim.start(Node)
    sim.send(ref, do("after", "3"))
    sim.run_until(lambda: "fired 3" in sim.actor(ref).notes)  # type: ignore[attr-defined]
    assert sim.clock.monotonic() == 1003
    sim.run_until(lambda: sim.clock.monotonic() >= 1010, within_s=7)
    assert sim.clock.monotonic() == 1010


def test_waiting_in_vain_names_the_seed_and_shows_the_trace(sim: SimRuntime) -> None:
    ref = sim.start(Node)
    sim.send(ref, do("after", "9"))
    with pytest.raises(SimulationError) as failure:
        sim.run_until(lambda: False, within_s=1)
    lines = str(failure.value).splitlines()
    assert lines[:2] == ["what was waited for did not come in 1 s", "SimRuntime(seed=7) at 1001.000 s after 3 steps:"]
    assert [line.split() for line in lines[2:]] == [
        ["1000.000", "starting", "Node#1"],
        ["1000.000", "started", "Node#1"],
        ["1000.000", "delivered", "Node#1", "SendText", "from", "outside"],
    ]


def test_a_livelock_is_found() -> None:
    sim = SimRuntime(seed=7, max_steps=500)
    ref = sim.start(Node)
    sim.send(ref, do("busy"))
    for run in (lambda: sim.run_for(1), lambda: sim.run_until(lambda: False)):
        with pytest.raises(SimulationError, match=r"500 steps and no end .*\nSimRuntime.seed=7"):
            run()


def test_an_actor_must_not_run_its_own_simulation(sim: SimRuntime) -> None:
    failures = []

    def run_inside(_event: object) -> None:
        try:
            sim.settle()
        except UsageError as failure:
            failures.append(str(failure))

    sim.trace.observe(run_inside)
    sim.start(Node)
    assert failures == ["a callback of an actor runs the simulation that runs it: send or post instead"]


def test_posts_of_other_threads_are_turns(sim: SimRuntime) -> None:
    ref = sim.start(Node)
    actor = sim.actor(ref)
    assert isinstance(actor, Node)
    with pytest.raises(SimulationError, match=r"no thread has posted within 0\.01 s of real time"):
        sim.wait_for_post(0.01)
    thread = threading.Thread(target=actor.context.post, args=(lambda: actor.notes.append("posted"),))
    thread.start()
    sim.wait_for_post(10)
    thread.join()
    assert actor.notes == []
    sim.settle()
    assert actor.notes == ["posted"]


# Faults of processes.


def test_kill_raise_exit_and_signals(sim: SimRuntime) -> None:
    lives = [sim.start(Node, actor_id=actor_id) for actor_id in "abcde"]
    sim.kill("a")
    sim.raise_in("b", ValueError("boom"))
    sim.exit_in("c", SHUTDOWN)
    sim.exit_signal("d", abnormal("stranger"))
    sim.parent_exit("e", NORMAL)
    sim.settle()
    reasons = [fate.reason for fate in map(sim.fate, lives) if isinstance(fate, ChildExited)]
    assert list(map(str, reasons)) == ["killed", "error:ValueError: boom", "shutdown", "error:stranger", "normal"]


def test_trapping_only_a_kill_ends_who_is_not_asked_by_its_parent(sim: SimRuntime) -> None:
    ref = sim.start(TrappingNode, {"linger_s": 3.0})
    actor = sim.actor(ref)
    assert isinstance(actor, Node)
    sim.exit_signal(ref, SHUTDOWN)
    sim.settle()
    sim.parent_exit(ref, ExitReason.parse("shutdown:term"))
    sim.run_for(2)
    assert sim.is_alive(ref)
    sim.exit_signal(ref, KILLED)
    sim.settle()
    assert sim.fate(ref) == ChildExited(uid=ref.uid, reason=KILLED)
    assert actor.notes == ["signal shutdown", "shutdown shutdown:term"]


def test_a_suspended_actor_gets_what_came_in_order_of_arrival(sim: SimRuntime) -> None:
    ref = sim.start(Node)
    sim.suspend(ref)
    for text in "abc":
        sim.send(ref, do("note", text))
        sim.settle()
    sim.resume(ref)
    assert notes(sim, ref) == ["note a", "note b", "note c"]


@pytest.mark.parametrize(("links", "fate"), [(Links.KILL, "killed"), (Links.SIGNAL, "error:x")])
def test_children_end_with_their_parent(links: Links, fate: str) -> None:
    sim = SimRuntime(links=links)
    parent = sim.start(Node, SUPERVISING)
    sim.settle()
    kid = sim.ref("kid")
    sim.exit_in(parent, abnormal("x"))
    sim.settle()
    assert sim.fate(kid) == ChildExited(uid=kid.uid, reason=ExitReason.parse(fate))


# Faults of messages.


def test_messages_are_dropped_delayed_and_doubled(sim: SimRuntime) -> None:
    ref = sim.start(Node)
    dropped = sim.drop(message=SendText, to="No*", times=1)
    sim.send(ref, do("note", "lost"))
    doubled = sim.duplicate(sender="outside", times=1)
    sim.send(ref, do("note", "twice"))
    slow = sim.delay(2, message=(SendText, GetFigures))
    sim.send(ref, do("note", "slow"))
    slow.lift()
    sim.send(ref, do("note", "behind"))
    sim.settle()
    actor = sim.actor(ref)
    assert isinstance(actor, Node)
    assert actor.notes == ["note twice", "note twice"]
    sim.run_for(2)
    assert actor.notes[2:] == ["note slow", "note behind"]
    assert (dropped.hits, doubled.hits, slow.hits) == (1, 1, 1)
    assert sim.trace.texts(TraceKind.FAULT) == [
        "fault Node#1 drop: SendText from outside",
        "fault Node#1 duplicate: SendText from outside",
        "fault Node#1 delay 2 s: SendText from outside",
    ]


# The end.


def test_at_its_end_it_stops_the_roots_in_order_and_kills_who_does_not_go() -> None:
    with SimRuntime(seed=7) as sim:
        polite = sim.start(TrappingNode, actor_id="polite")
        actor = sim.actor(polite)
        assert isinstance(actor, Node)
        slow = sim.start(TrappingNode, {"linger_s": 100.0}, actor_id="slow")
        stopped = sim.start(Node, SUPERVISING, actor_id="stopped")
        sim.suspend(stopped)
    assert sim.alive() == ()
    assert actor.notes == ["shutdown shutdown", "terminate shutdown"]
    assert [str(sim.fate(ref).reason) for ref in (polite, slow, stopped)] == ["shutdown", "killed", "shutdown"]  # type: ignore[union-attr]
    sim.close()


def test_a_failure_is_told_the_seed_and_the_trace_once() -> None:
    def wrong() -> None:
        with SimRuntime(seed=41) as sim:
            sim.start(Node)
            raise AssertionError

    with pytest.raises(AssertionError) as failure:
        wrong()
    assert failure.value.__notes__[0].startswith("SimRuntime(seed=41) at 1000.000 s after 1 steps:\n    1000.000  starting Node#1")
    with pytest.raises(SimulationError) as reported, SimRuntime(seed=41) as sim:
        sim.run_until(lambda: False)
    assert not hasattr(reported.value, "__notes__")


# The seed.


class Network:
    """Actors that talk at random, told as text."""

    def __init__(self, seed: int) -> None:
        with SimRuntime(seed=seed) as sim:
            sim.duplicate(message=SendText, times=2)
            nodes = [sim.start(Node, SUPERVISING, actor_id=name) for name in "abc"]
            for node in nodes:
                for number in range(3):
                    sim.send(node, do("note", str(number)))
            sim.raise_in("b", KeyError("x"))
            sim.run_for(1)
        self.told = str(sim.trace)


@settings(max_examples=20, deadline=None)
@given(st.integers(-(2**64), 2**64))
def test_any_seed_repeats_its_run(seed: int) -> None:
    assert Network(seed).told == Network(seed).told


def test_seeds_differ() -> None:
    assert len({Network(seed).told for seed in range(10)}) == 10


def test_on_a_loop_it_runs_as_the_loop_does() -> None:
    ended: list[object] = []
    loop = VirtualTimeLoop()
    sim = SimRuntime(seed=7, loop=loop, on_end=ended.append)
    ref = sim.spawn(ActorStart(actor_id="n", uid="n-1", actor="support.sim_actors:Node", args={}))
    request = sim.request(ref, GetFigures())
    loop.run_until_complete(passes(0.1))
    assert isinstance(request.answer, Figures)
    assert sim.clock.monotonic() == loop.time()
    actor = sim.actor(ref)
    sim.kill(ref)
    assert ended == [actor]
    loop.close()
