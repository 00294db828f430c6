"""The simulated machine: births, deaths, links, deliveries, step by step."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from protocols import (
    KILLED,
    NORMAL,
    SHUTDOWN,
    Envelope,
    ExitReason,
    GetFigures,
    Message,
    Ref,
    UsageError,
    abnormal,
    encode_envelope,
)
from supervision.actor import ActorStart, ChildExited, ChildIgnored, ChildStarted, ChildStartFailed
from supervision.sim import world as world_module
from supervision.sim.faults import Match, Rule, late, lost
from supervision.sim.items import SimOrigin
from supervision.sim.process import SimProcess
from supervision.sim.trace import TraceKind
from supervision.sim.world import OUTSIDE, OUTSIDE_ORIGIN, Links, World
from support.sim_actors import Node, do

NODE = "support.sim_actors:Node"
TRAPPING = "support.sim_actors:TrappingNode"


def make(links: Links = Links.KILL, seed: int = 0) -> World:
    return World(seed=seed, links=links)


def spawn(world: World, actor_id: str = "a", *, actor: str = NODE, uid: str = "", **args: Any) -> SimProcess:
    uid = uid or f"{actor_id}-{world._attempts.get(actor_id, 0) + 1}"
    world.spawn(ActorStart(actor_id=actor_id, uid=uid, actor=actor, args=args, parent=OUTSIDE), None)
    return world.processes[uid]


def send(world: World, to: Ref, message: Message) -> None:
    world.send(OUTSIDE_ORIGIN, to, encode_envelope(Envelope(message=message, message_id="m", to_id=to.id, to_uid=to.uid, sender=OUTSIDE)))


def settle(world: World) -> None:
    while world.step():
        pass


def run(world: World, seconds: float) -> None:
    """Everything that is due within this time."""
    end = world.clock.monotonic() + seconds
    while (due := world.next_at()) is not None and due <= end:
        world.clock.move_to(due)
        world.step()
    world.clock.move_to(end)


def lives(world: World) -> list[str]:
    return world.trace.texts()


def notes(process: SimProcess) -> list[str]:
    actor = process.running.actor
    assert isinstance(actor, Node)
    return actor.notes


def child(actor_id: str, **fields: Any) -> dict[str, Any]:
    return {"actor_id": actor_id, "uid": f"{actor_id}-1", **fields}


def family(world: World, **fields: Any) -> tuple[SimProcess, SimProcess]:
    """A parent and its child, both up."""
    parent = spawn(world, "parent", children=[child("kid", **fields)])
    settle(world)
    return parent, world.processes["kid-1"]


# Births.


def test_a_process_boots_in_a_step_of_its_own() -> None:
    world = make()
    process = spawn(world)
    assert process.cell is None
    assert "a-1" not in world.fates
    assert world.next_at() == world.clock.monotonic()
    assert world.step()
    assert world.fates["a-1"] == ChildStarted(ref=process.ref, os_pid=1)
    assert lives(world) == ["starting a#1", "started a#1"]
    assert not world.step()
    assert world.next_at() is None


@pytest.mark.parametrize(
    ("start", "fate", "text"),
    [
        ("ignore", ChildIgnored(uid="a-1"), "ignored a#1"),
        ("fail", ChildStartFailed(uid="a-1", reason=abnormal("init_failed")), "start_failed a#1 error:init_failed"),
    ],
)
def test_a_process_that_does_not_come_up_is_gone(start: str, fate: object, text: str) -> None:
    world = make()
    spawn(world, start=start)
    settle(world)
    assert world.fates["a-1"] == fate
    assert lives(world) == ["starting a#1", text]
    assert not world.processes


def test_attempts_are_counted_by_id_and_uids_never_come_back() -> None:
    world = make()
    spawn(world, start="fail")
    settle(world)
    assert spawn(world, uid="second").name == "a#2"
    with pytest.raises(UsageError, match="the uid 'a-1' belongs to a#1: each incarnation has a new one"):
        spawn(world, uid="a-1")


def test_arguments_travel_as_bytes() -> None:
    world = make()
    shared = ["x"]
    process = spawn(world, values=(1, 2), shared=shared)
    settle(world)
    actor = process.running.actor
    assert isinstance(actor, Node)
    assert actor.args == {"values": [1, 2], "shared": ["x"]}
    assert actor.args["shared"] is not shared
    with pytest.raises(UsageError, match="cannot travel"):
        spawn(world, "b", function=print)


def test_a_start_takes_its_delay_and_messages_wait() -> None:
    world = make()
    world.start_delays = {("a", 1): 2.0, ("a", None): 1.0}
    first = spawn(world)
    send(world, first.ref, do("note"))
    run(world, 1.5)
    assert first.cell is None
    run(world, 0.5)
    assert notes(first) == ["note"]
    second = spawn(world)
    run(world, 0.5)
    assert second.cell is None
    run(world, 0.5)
    assert second.running.started


def test_a_deferred_start_is_reported_when_it_is_over() -> None:
    world = make()
    process = spawn(world, start="defer")
    settle(world)
    assert lives(world) == ["starting a#1"]
    send(world, process.ref, do("done"))
    settle(world)
    assert lives(world) == ["starting a#1", "started a#1"]


def test_a_parent_hears_of_an_acknowledged_start_before_it_is_over() -> None:
    world = make()
    parent = spawn(world, "parent", children=[child("kid", args={"start": "defer"})])
    settle(world)
    (kid,) = parent.children.values()
    notes = parent.running.actor.notes  # type: ignore[attr-defined]
    for command in ("acknowledge", "acknowledge", "done"):
        send(world, kid.ref, do(command))
        settle(world)
    assert notes == ["ChildAcknowledged", "ChildStarted"]
    assert parent.progress(kid.uid) == 0


def test_a_suspended_process_boots_when_it_is_resumed() -> None:
    world = make()
    process = spawn(world)
    world.suspend(process)
    settle(world)
    assert process.cell is None
    world.resume(process)
    world.resume(process)
    settle(world)
    assert process.running.started
    assert world.trace.texts(TraceKind.SUSPENDED, TraceKind.RESUMED) == ["suspended a#1", "resumed a#1"]


# Parents and children.


def test_a_parent_hears_of_its_child_after_all_that_the_child_sent() -> None:
    world = make()
    parent, kid = family(world)
    send(world, kid.ref, do("tell parent", "last words"))
    send(world, kid.ref, do("exit", "normal"))
    settle(world)
    assert notes(parent) == ["ChildStarted", "heard last words", "ChildExited"]
    assert world.fates["kid-1"] == ChildExited(uid="kid-1", reason=NORMAL)


@pytest.mark.parametrize(("start", "note"), [("ignore", "ChildIgnored"), ("fail", "ChildStartFailed")])
def test_a_parent_hears_of_a_start_that_failed(start: str, note: str) -> None:
    world = make()
    parent = spawn(world, "parent", children=[child("kid", args={"start": start})])
    settle(world)
    assert notes(parent) == [note]
    assert parent.children == {}


def test_news_for_a_dead_parent_are_dropped() -> None:
    world = make(Links.SIGNAL)
    parent, kid = family(world)
    world.kill(kid)
    world.kill(parent)
    settle(world)
    assert lives(world)[-2:] == ["exit kid#1 killed", "exit parent#1 killed"]


def test_memory_outlives_the_child_and_not_its_release() -> None:
    world = make()
    parent, kid = family(world, memory_key="k", memory_bytes=4)
    send(world, kid.ref, do("write", "ab"))
    settle(world)
    world.kill(kid)

    def again(uid: str, size: int) -> bytes:
        fields = {"actor_id": "kid", "uid": uid, "memory_key": "k", "memory_bytes": size, "actor": NODE}
        world.spawn(ActorStart(**fields), parent)  # type: ignore[arg-type]
        memory = world.processes[uid].memory
        assert memory is not None
        return bytes(memory)

    assert again("kid-2", 4) == b"ab\0\0"
    assert again("kid-3", 2) == b"\0\0", "another size is other memory"
    parent.release_memory("k")
    assert again("kid-4", 2) == b"\0\0"
    assert kid.memory is not None
    assert parent.memory is None


# Deaths.


def test_addresses_are_used_again_at_once_and_the_dead_s_messages_do_not_reach_the_newborn() -> None:
    world = make()
    first = spawn(world)
    settle(world)
    send(world, first.ref, do("note"))
    world.kill(first)
    second = spawn(world)
    assert second.address == first.address
    settle(world)
    assert notes(second) == []
    assert world.trace.texts(TraceKind.LOST) == ["lost a#2 SendText from outside"]
    world.kill(second)
    send(world, second.ref, do("note"))
    settle(world)
    assert world.trace.texts(TraceKind.LOST)[1:] == ["lost nobody SendText from outside"]


def test_the_dead_s_turns_and_timers_are_gone() -> None:
    world = make()
    process = spawn(world)
    settle(world)
    send(world, process.ref, do("after", "5"))
    settle(world)
    process.post(lambda: notes(process).append("posted"))
    world.kill(process)
    settle(world)
    assert world.next_at() is None
    assert notes(process) == ["after 5"]


def test_a_kill_during_a_turn_is_a_step_of_its_own() -> None:
    world = make()
    process = spawn(world)
    world.trace.observe(lambda event: world.kill(process) if event.kind is TraceKind.STARTED else None)
    settle(world)
    assert lives(world) == ["starting a#1", "started a#1", "exit a#1 killed"]


def test_a_killed_process_that_was_starting_has_failed_to_start() -> None:
    world = make()
    world.kill(spawn(world))
    settle(world)
    assert lives(world) == ["starting a#1", "start_failed a#1 killed"]


def test_children_are_killed_with_their_parent() -> None:
    world = make()
    grandchildren = [child("grandkid", actor=TRAPPING, args={"linger_s": 5.0})]
    parent = spawn(world, "parent", children=[child("kid", actor=TRAPPING, args={"children": grandchildren})])
    settle(world)
    send(world, parent.ref, do("exit", "normal"))
    settle(world)
    assert lives(world)[-3:] == ["exit parent#1 normal", "exit kid#1 killed", "exit grandkid#1 killed"]


@pytest.mark.parametrize("reason", ["normal", "shutdown", "killed", "error:x"])
def test_linked_children_get_the_reason_as_a_signal(reason: str) -> None:
    world = make(Links.SIGNAL)
    parent = spawn(world, "parent", children=[child("mute"), child("deaf", actor=TRAPPING, args={"linger_s": 2.0})])
    settle(world)
    deaf = world.processes["deaf-1"]
    if reason == "killed":
        world.kill(parent)
    else:
        send(world, parent.ref, do("exit", reason))
    settle(world)
    assert lives(world)[-2:] == [f"exit parent#1 {reason}", f"exit mute#1 {reason}"]
    assert notes(deaf) == [f"shutdown {reason}"]
    run(world, 2)
    assert lives(world)[-1] == f"exit deaf#1 {reason}"


# Signals.


@pytest.mark.parametrize(("links", "outcomes"), [(Links.KILL, {1}), (Links.SIGNAL, {0, 1})])
def test_an_untrapped_signal_is_a_message_among_others_or_kills_as_it_arrives(links: Links, outcomes: set[int]) -> None:
    handled = set()
    for seed in range(20):
        world = make(links, seed)
        parent, kid = family(world)
        world.suspend(kid)
        send(world, kid.ref, do("first"))
        settle(world)
        world.resume(kid)
        world.signal(parent, "kid-1", SHUTDOWN)
        settle(world)
        assert world.fates["kid-1"] == ChildExited(uid="kid-1", reason=SHUTDOWN)
        handled.add(len(notes(kid)))
    assert handled == outcomes


def test_a_linked_process_dies_of_a_signal_while_it_starts_unless_it_traps() -> None:
    world = make(Links.SIGNAL)
    world.start_delays = {("mute", None): 5.0, ("deaf", None): 5.0}
    parent = spawn(world, "parent", children=[child("mute"), child("deaf", actor=TRAPPING)])
    settle(world)
    deaf = world.processes["deaf-1"]
    world.kill(parent)
    settle(world)
    assert lives(world)[-1] == "start_failed mute#1 killed"
    run(world, 5)
    assert notes(deaf) == ["shutdown killed", "terminate killed"]


def test_a_suspended_process_dies_of_no_signal_but_of_a_kill() -> None:
    world = make(Links.SIGNAL)
    parent, kid = family(world)
    world.suspend(kid)
    world.signal(parent, "kid-1", SHUTDOWN)
    settle(world)
    assert "kid-1" in world.processes
    world.kill_child(parent, "kid-1")
    settle(world)
    assert lives(world)[-1] == "exit kid#1 killed"


@pytest.mark.parametrize("seed", range(10))
def test_a_kill_comes_after_the_signal_that_was_sent_before(seed: int) -> None:
    world = make(Links.SIGNAL, seed)
    parent, _ = family(world)
    world.signal(parent, "kid-1", SHUTDOWN)
    world.kill_child(parent, "kid-1")
    settle(world)
    assert world.fates["kid-1"] == ChildExited(uid="kid-1", reason=SHUTDOWN)


def test_a_kill_is_held_up_by_no_slow_message() -> None:
    world = make()
    parent, _ = family(world)
    world.rules.append(Rule("delay", Match(), late(60)))
    world.signal(parent, "kid-1", SHUTDOWN)
    world.kill_child(parent, "kid-1")
    settle(world)
    assert world.fates["kid-1"] == ChildExited(uid="kid-1", reason=KILLED)


def test_signals_and_kills_to_those_who_are_gone_do_nothing() -> None:
    world = make()
    parent, kid = family(world)
    world.kill_child(parent, "kid-1")
    world.kill_child(parent, "kid-1")
    settle(world)
    assert kid.uid not in world.processes
    world.signal(parent, "kid-1", SHUTDOWN)
    world.kill_child(parent, "kid-1")
    settle(world)
    assert world.trace.texts(TraceKind.EXIT, TraceKind.LOST) == ["exit kid#1 killed"]


# Messages.


def test_what_is_sent_to_the_outside_is_handed_over_whatever_it_is() -> None:
    world = make()
    heard: list[Envelope | None] = []
    world.on_outside = heard.append
    process = spawn(world)
    settle(world)
    send(world, process.ref, do("tell parent", "hello"))
    world.send(SimOrigin(ref=process.ref), OUTSIDE, b"junk")
    settle(world)
    assert sorted(envelope.message.text if envelope else "" for envelope in heard) == ["", "hello"]  # type: ignore[union-attr]


def test_undecodable_bytes_are_lost_and_hurt_nobody() -> None:
    world = make(Links.SIGNAL)
    process = spawn(world)
    settle(world)
    world.send(OUTSIDE_ORIGIN, process.ref, b"junk")
    settle(world)
    assert process.running.dropped == 1
    assert world.trace.texts(TraceKind.LOST) == ["lost a#1 4 bytes from outside"]


def test_faults_befall_messages_and_are_told() -> None:
    world = make()
    world.rules.append(Rule("drop", Match(message=GetFigures, to="a"), lost))
    process = spawn(world)
    settle(world)
    send(world, process.ref, GetFigures())
    send(world, process.ref, do("note"))
    send(world, replace(process.ref, uid="another", id="b"), GetFigures())
    settle(world)
    assert world.trace.texts(TraceKind.FAULT) == ["fault a#1 drop: GetFigures from outside"]
    assert notes(process) == ["note"]


def test_the_time_in_the_mailbox_counts_against_a_deadline() -> None:
    world = make()
    process = spawn(world)
    settle(world)
    world.suspend(process)
    envelope = Envelope(message=do("note"), message_id="m", to_id="a", to_uid="a-1", remaining_ms=500)
    world.send(OUTSIDE_ORIGIN, process.ref, encode_envelope(envelope))
    run(world, 0.4)
    world.resume(process)
    settle(world)
    assert notes(process) == ["note"]
    world.suspend(process)
    world.send(OUTSIDE_ORIGIN, process.ref, encode_envelope(envelope))
    run(world, 0.6)
    world.resume(process)
    settle(world)
    assert notes(process) == ["note"]


# Timers and turns.


def test_a_timer_fires_at_its_time_unless_it_is_cancelled_even_when_it_waits_in_the_mailbox() -> None:
    world = make()
    process = spawn(world)
    settle(world)
    fired: list[str] = []
    cancels: dict[str, Callable[[], None]] = {}
    for name, delay in (("kept", 1.0), ("early", 1.0), ("late", 2.0), ("past", -1.0)):
        cancels[name] = world.schedule(process, delay, lambda name=name: fired.append(name))  # type: ignore[misc]
    cancels["early"]()
    settle(world)
    assert fired == ["past"]
    run(world, 1)
    assert fired == ["past", "kept"]
    world.suspend(process)
    run(world, 1)
    cancels["late"]()
    world.resume(process)
    settle(world)
    assert fired == ["past", "kept"]


def test_a_post_is_waited_for_in_real_time() -> None:
    world = make()
    process = spawn(world)
    settle(world)
    assert not world.wait_for_post(0)
    for name in ("first", "second"):
        process.post(lambda name=name: notes(process).append(name))  # type: ignore[misc]
    assert world.wait_for_post(0)
    settle(world)
    assert notes(process) == ["first", "second"]


def test_an_interruption_comes_after_what_the_mailbox_holds() -> None:
    world = make()
    process = spawn(world)
    settle(world)
    world.suspend(process)
    send(world, process.ref, do("note"))
    settle(world)
    world.interrupt(process, lambda: process.running.run(lambda: notes(process).append("interrupted")))
    world.resume(process)
    settle(world)
    assert notes(process) == ["note", "interrupted"]


def test_an_interruption_before_the_boot_waits_for_it() -> None:
    world = make()
    process = spawn(world)
    world.interrupt(process, lambda: process.running.run(lambda: process.running.exit(SHUTDOWN)))
    settle(world)
    assert world.fates["a-1"] == ChildExited(uid="a-1", reason=SHUTDOWN)


# Order.


def story(seed: int) -> str:
    """A busy run as text."""
    world = make(seed=seed)
    parents = [spawn(world, name, children=[child(f"{name}{n}", uid=f"{name}{n}") for n in range(3)]) for name in "abc"]
    settle(world)
    for parent in parents:
        for ref in [kid.ref for kid in parent.children.values()]:
            send(world, ref, do("tell parent", ref.id))
        send(world, parent.ref, do("after", "1"))
    run(world, 2)
    send(world, parents[0].ref, do("raise", "x"))
    settle(world)
    return str(world.trace) + "".join(str(notes(parent)) for parent in parents)


def test_a_seed_repeats_its_run_and_others_differ() -> None:
    stories = [story(seed) for seed in range(5)]
    assert [story(seed) for seed in range(5)] == stories
    assert len(set(stories)) == 5


def test_fates_are_forgotten_at_the_bound_but_not_those_of_the_living(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world_module, "FATES_LIMIT", 3)
    world = make()
    spawn(world, "kept")
    settle(world)
    for _ in range(5):
        spawn(world, "a", start="fail")
        settle(world)
    assert list(world.fates) == ["kept-1", "a-4", "a-5"]
    assert "a-1" not in world.names
    assert spawn(world, "b", uid="a-1").name == "b#1"
    for name in "cdef":
        spawn(world, name)
        settle(world)
    assert set(world.fates) >= {"kept-1", "c-1", "d-1", "e-1", "f-1"}


def test_a_crash_ends_its_process_alone() -> None:
    world = make()
    parent, kid = family(world)
    send(world, kid.ref, do("raise", "boom"))
    settle(world)
    assert world.fates["kid-1"] == ChildExited(uid="kid-1", reason=ExitReason.parse("error:ValueError: boom"))
    assert parent.uid in world.processes
