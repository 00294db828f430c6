"""A simulated process as the port of its cell: everything goes to its host, and posts are bounded and come from any thread."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from protocols import SHUTDOWN, CapacityError, ExitReason, Ref, SeededEntropy, UsageError
from supervision.actor import POST_LIMIT, ActorStart, Cancel
from supervision.sim.clock import VirtualClock
from supervision.sim.process import Host, SimProcess


class FakeHost:
    """Notes what a process asks for."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.entropy = SeededEntropy(0)
        self.asked: list[tuple[Any, ...]] = []
        self.turns: list[Callable[[], None]] = []

    def transmit(self, process: SimProcess, to: Ref, data: bytes) -> None:
        self.asked.append((process.name, "transmit", to.id, data))

    def schedule(self, process: SimProcess, delay_s: float, callback: Callable[[], None]) -> Cancel:
        self.asked.append((process.name, "schedule", delay_s))
        return callback

    def hand_over(self, process: SimProcess, callback: Callable[[], None]) -> None:
        self.turns.append(callback)

    def spawn(self, start: ActorStart, parent: SimProcess) -> None:
        self.asked.append((parent.name, "spawn", start.actor_id))

    def signal(self, process: SimProcess, uid: str, reason: ExitReason) -> None:
        self.asked.append((process.name, "signal", uid, reason))

    def kill_child(self, process: SimProcess, uid: str) -> None:
        self.asked.append((process.name, "kill", uid))


def make(host: Host, actor: str = "support.sim_actors:Node") -> SimProcess:
    start = ActorStart(actor_id="a", uid="a-1", actor=actor)
    return SimProcess(host, start, name="a#1", os_pid=7, address="sim:7", parent=None, memory=None)


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


def test_it_is_addressed_by_its_life(host: FakeHost) -> None:
    process = make(host)
    assert process.uid == "a-1"
    assert process.ref == Ref(id="a", uid="a-1", address="sim:7")


def test_it_has_a_cell_once_it_runs(host: FakeHost) -> None:
    process = make(host)
    with pytest.raises(UsageError, match="a#1 has not begun to start: run the simulation first"):
        _ = process.running
    cell = process.boot()
    assert cell.started
    assert process.running is cell is process.cell


@pytest.mark.parametrize(
    ("actor", "trapping"),
    [("support.sim_actors:Node", False), ("support.sim_actors:TrappingNode", True), ("no_such_module:Node", False)],
)
def test_whether_it_traps_is_known_before_it_runs(host: FakeHost, actor: str, trapping: bool) -> None:
    assert make(host, actor).trapping is trapping


def test_what_the_cell_wants_its_host_does(host: FakeHost) -> None:
    process = make(host)
    process.transmit(process.ref, b"x")
    process.schedule(1.5, process.close)
    process.spawn(ActorStart(actor_id="b", uid="b-1", actor="x:Y"))
    process.signal("b-1", SHUTDOWN)
    process.kill("b-1")
    assert host.asked == [
        ("a#1", "transmit", "a", b"x"),
        ("a#1", "schedule", 1.5),
        ("a#1", "spawn", "b"),
        ("a#1", "signal", "b-1", SHUTDOWN),
        ("a#1", "kill", "b-1"),
    ]
    assert process.clock is host.clock
    assert process.entropy is host.entropy


def test_no_child_is_ever_seen_to_have_been_kept_waiting(host: FakeHost) -> None:
    process = make(host)
    host.clock.move_to(host.clock.monotonic() + 5)
    assert process.progress("b-1") == process.progress("nobody") == 0
    assert host.asked == []


def test_memory_is_kept_for_children_until_it_is_released(host: FakeHost) -> None:
    process = make(host)
    process.kept["k"] = bytearray(4)
    process.release_memory("k")
    process.release_memory("k")
    assert process.kept == {}


def test_its_own_thread_is_refused_where_it_would_wait_for_itself(host: FakeHost) -> None:
    process = make(host)
    seen: list[int] = []
    for number in range(POST_LIMIT):
        process.post(lambda number=number: seen.append(number))
    with pytest.raises(CapacityError, match=f"{POST_LIMIT} callbacks wait in a#1"):
        process.post(lambda: None)
    host.turns.pop(0)()
    process.post(lambda: seen.append(-1))
    for turn in host.turns:
        turn()
    assert seen == [*range(POST_LIMIT), -1]


def waiting_poster(process: SimProcess, host: FakeHost) -> threading.Thread:
    """A thread that posts to a full process, and the proof that it waits there."""
    for _ in range(POST_LIMIT):
        process.post(lambda: None)
    arrived = threading.Event()
    room = process._room
    wait = room.wait

    def tell(timeout: float | None = None) -> bool:
        arrived.set()
        return wait(timeout)

    room.wait = tell  # type: ignore[method-assign]
    thread = threading.Thread(target=process.post, args=(lambda: None,))
    thread.start()
    assert arrived.wait(100)
    assert len(host.turns) == POST_LIMIT
    return thread


def test_another_thread_waits_for_room(host: FakeHost) -> None:
    process = make(host)
    thread = waiting_poster(process, host)
    host.turns.pop(0)()
    thread.join(100)
    assert not thread.is_alive()
    assert len(host.turns) == POST_LIMIT


def test_the_end_of_the_process_frees_who_waits_and_drops_what_is_posted(host: FakeHost) -> None:
    process = make(host)
    thread = waiting_poster(process, host)
    process.close()
    thread.join(100)
    assert not thread.is_alive()
    process.post(lambda: None)
    assert len(host.turns) == POST_LIMIT
