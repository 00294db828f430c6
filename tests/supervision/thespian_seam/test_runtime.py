import os
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from protocols import SHUTDOWN, ExitReason, Message
from supervision.actor import Actor, ActorCell, ActorStart, ChildEvent
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.children import ChildProcesses
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.runtime import ThespianRuntime
from supervision.thespian_seam.transport import AuthenticatedTransport, Turn
from support.seam_endpoints import CLOCK, ENTROPY, KEY


class Recorder(Actor):
    """Writes down what happens to it."""

    trap_exit: ClassVar[bool] = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        self.happened: list[Any] = args["happened"]

    def on_message(self, message: Message) -> None:
        self.happened.append(message)

    def on_shutdown(self, reason: ExitReason) -> None:
        self.happened.append(reason)

    def on_child(self, event: ChildEvent) -> None:
        self.happened.append(event)


class Hosted:
    """A cell on a runtime on a transport, in this process; spawning is written down."""

    def __init__(self, name: str) -> None:
        options = SystemOptions(key=KEY)
        listener, address = listen("127.0.0.1", name, name + "1")
        self.happened: list[Any] = []
        self.spawned: list[ActorStart] = []
        self.transport = AuthenticatedTransport(listener, address, options, CLOCK, ENTROPY)
        self.runtime = ThespianRuntime(
            endpoint=self.transport.endpoint,
            options=options,
            clock=CLOCK,
            entropy=ENTROPY,
            fork=self._fork,
            memory=memoryview(bytearray(8)),
        )
        start = ActorStart(actor_id=name, uid=name + "1", actor=f"{__name__}:Recorder", args={"happened": self.happened})
        self.cell = ActorCell(start, self.runtime)
        self.runtime.host(self.cell)

    def _fork(self, children: ChildProcesses, start: ActorStart) -> str:
        assert children is self.runtime.children
        self.spawned.append(start)
        return ""

    def turn(self) -> None:
        self.transport.run(lambda envelope: envelope.message.run() or True, timedelta(milliseconds=1))


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Hosted]]:
    made: list[Hosted] = []
    monkeypatch.setattr("supervision.actor.cell.load_actor", lambda _path: Recorder)

    def host(name: str) -> Hosted:
        made.append(Hosted(name))
        assert made[-1].cell.boot() is None
        return made[-1]

    yield host
    for each in made:
        each.transport.close()


@pytest.fixture
def alice(make: Callable[[str], Hosted]) -> Hosted:
    return make("alice")


@pytest.fixture
def bob(make: Callable[[str], Hosted]) -> Hosted:
    return make("bob")


def until(condition: Callable[[], object], *hosted: Hosted) -> None:
    deadline = CLOCK.monotonic() + 10
    while not condition():
        assert CLOCK.monotonic() < deadline
        for each in hosted:
            each.turn()


def test_an_exit_signal_from_outside_reads_as_the_parents(alice: Hosted) -> None:
    alice.runtime.ask_to_end("SIGTERM")
    alice.runtime.ask_to_end("")
    until(lambda: len(alice.happened) == 2, alice)
    assert [str(reason) for reason in alice.happened] == ["shutdown:SIGTERM", "shutdown"]


def test_children_are_handled_by_the_runtimes_process(alice: Hosted) -> None:
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


def test_a_child_without_a_process_makes_no_progress(alice: Hosted) -> None:
    alice.cell.spawn(ActorStart(actor_id="n", uid="u", actor="m:C"))
    assert alice.cell.child_progress("u") == 0


def test_a_light_child_lives_in_this_process_and_is_signalled_and_killed_as_any_other(alice: Hosted) -> None:
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


def test_a_turn_is_what_thespian_hands_over(alice: Hosted) -> None:
    alice.runtime.post(lambda: None)
    seen: list[Any] = []
    deadline = CLOCK.monotonic() + 10
    while not seen and CLOCK.monotonic() < deadline:
        alice.transport.run(lambda envelope: seen.append(envelope.message) or True, timedelta(milliseconds=1))
    assert isinstance(seen[0], Turn)
