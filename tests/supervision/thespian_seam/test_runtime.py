import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from protocols import SHUTDOWN
from supervision.actor import ActorStart
from supervision.thespian_seam.children import ChildProcesses
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.runtime import ThespianRuntime
from supervision.thespian_seam.transport import Turn
from support.hosted_cell import Hosted, hosting, until
from support.seam_endpoints import CLOCK, ENTROPY


class OnProcess(Hosted):
    """A cell on the runtime of an actor with a process; spawning is written down."""

    def make_runtime(self, options: SystemOptions) -> ThespianRuntime:
        self.spawned: list[ActorStart] = []
        self.runtime = ThespianRuntime(
            endpoint=self.transport.endpoint,
            options=options,
            clock=CLOCK,
            entropy=ENTROPY,
            fork=self._fork,
            memory=memoryview(bytearray(8)),
        )
        return self.runtime

    def _fork(self, children: ChildProcesses, start: ActorStart) -> str:
        assert children is self.runtime.children
        self.spawned.append(start)
        return ""


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], OnProcess]]:
    with hosting(monkeypatch, OnProcess) as make:
        yield make


@pytest.fixture
def alice(make: Callable[[str], OnProcess]) -> OnProcess:
    return make("alice")


@pytest.fixture
def bob(make: Callable[[str], OnProcess]) -> OnProcess:
    return make("bob")


def test_an_exit_signal_from_outside_reads_as_the_parents(alice: OnProcess) -> None:
    alice.runtime.ask_to_end("SIGTERM")
    alice.runtime.ask_to_end("")
    until(lambda: len(alice.happened) == 2, alice)
    assert [str(reason) for reason in alice.happened] == ["shutdown:SIGTERM", "shutdown"]


def test_children_are_handled_by_the_runtimes_process(alice: OnProcess) -> None:
    start = ActorStart(actor_id="n", uid="u", actor="m:C")
    alice.cell.spawn(start)
    assert [each.uid for each in alice.spawned] == ["u"]
    assert alice.spawned[0].parent == alice.cell.self_ref
    alice.runtime.children.fail(start, OSError("no room"))
    until(lambda: alice.happened, alice)
    assert str(alice.happened[0].reason) == "error:OSError: no room"
    alice.cell.signal_child("u", SHUTDOWN)
    alice.cell.kill_child("u")
    alice.cell.release_memory("none")


def test_a_child_without_a_process_makes_no_progress(alice: OnProcess) -> None:
    alice.cell.spawn(ActorStart(actor_id="n", uid="u", actor="m:C"))
    assert alice.cell.child_progress("u") == 0


def test_a_light_child_lives_in_this_process_and_is_signalled_and_killed_as_any_other(alice: OnProcess) -> None:
    happened: list[Any] = []
    for uid in ("u", "v"):
        alice.cell.spawn(ActorStart(actor_id="n", uid=uid, actor="m:C", args={"happened": happened}, light=True))
    assert alice.spawned == []
    until(lambda: len(alice.happened) == 2, alice)
    assert {event.os_pid for event in alice.happened} == {os.getpid()}
    assert alice.cell.child_progress("u") > 0
    alice.cell.signal_child("u", SHUTDOWN)
    until(lambda: happened, alice)
    assert happened == [SHUTDOWN]
    for uid in ("u", "v"):
        alice.cell.kill_child(uid)
    until(lambda: len(alice.happened) == 4, alice)
    assert [str(event.reason) for event in alice.happened[2:]] == ["killed", "killed"]
    alice.cell.signal_child("u", SHUTDOWN)
    assert alice.cell.child_progress("u") == 0


def test_a_turn_is_what_thespian_hands_over(alice: OnProcess) -> None:
    alice.runtime.post(lambda: None)
    seen: list[Any] = []
    deadline = CLOCK.monotonic() + 10
    while not seen and CLOCK.monotonic() < deadline:
        alice.transport.run(lambda envelope: seen.append(envelope.message) or True, timedelta(milliseconds=1))
    assert isinstance(seen[0], Turn)
