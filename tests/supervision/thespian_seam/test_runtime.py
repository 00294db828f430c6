import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from protocols import SHUTDOWN, CapacityError, ExitReason, Message, Ref, SendText
from supervision.actor import Actor, ActorCell, ActorStart, ChildEvent, Runtime
from supervision.actor.context import POST_LIMIT
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
            transport=self.transport, options=options, clock=CLOCK, entropy=ENTROPY, spawn=self._spawn, memory=memoryview(bytearray(8))
        )
        start = ActorStart(actor_id=name, uid=name + "1", actor=f"{__name__}:Recorder", args={"happened": self.happened})
        self.cell = ActorCell(start, self.runtime)
        self.runtime.host(self.cell)

    def _spawn(self, children: ChildProcesses, start: ActorStart) -> str:
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


def test_it_is_what_a_cell_needs(alice: Hosted) -> None:
    runtime: Runtime = alice.runtime
    assert runtime.address == str(alice.transport.address)
    assert (runtime.clock, runtime.entropy) == (CLOCK, ENTROPY)
    assert runtime.memory is not None
    assert len(runtime.memory) == 8


def test_messages_arrive_in_order(alice: Hosted, bob: Hosted) -> None:
    for number in range(100):
        alice.cell.send(bob.cell.self_ref, SendText(command_id="", text=str(number)))
    until(lambda: len(bob.happened) == 100, alice, bob)
    assert [message.text for message in bob.happened] == [str(number) for number in range(100)]


def test_the_largest_message_arrives(alice: Hosted, bob: Hosted) -> None:
    text = "x" * 1_000_000
    alice.cell.send(bob.cell.self_ref, SendText(command_id="", text=text))
    until(lambda: bob.happened, alice, bob)
    assert bob.happened[0].text == text


@pytest.mark.parametrize("address", ["", "sim:7", "127.0.0.1:1", "127.0.0.1:99999#00"])
def test_a_reference_of_another_runtime_loses_the_message_only(alice: Hosted, address: str, caplog: pytest.LogCaptureFixture) -> None:
    alice.cell.send(Ref(id="x", uid="x", address=address), SendText(command_id="", text=""))
    alice.turn()
    assert "without an address" in caplog.text


def test_a_timer_is_a_turn_and_can_be_cancelled_until_it_runs(alice: Hosted) -> None:
    fired: list[str] = []
    alice.runtime.schedule(0, lambda: (late(), fired.append("first")))
    late = alice.runtime.schedule(0, lambda: fired.append("late"))
    cancelled = alice.runtime.schedule(0, lambda: fired.append("cancelled"))
    cancelled()
    cancelled()
    alice.runtime.schedule(0.001, lambda: fired.append("last"))
    until(lambda: "last" in fired, alice)
    assert fired == ["first", "last"]


def test_another_thread_posts_turns_and_waits_for_room(alice: Hosted) -> None:
    ran: list[int] = []
    thread = threading.Thread(target=lambda: [alice.runtime.post(lambda: ran.append(threading.get_ident())) for _ in range(POST_LIMIT + 5)])
    thread.start()
    until(lambda: len(ran) == POST_LIMIT + 5, alice)
    thread.join()
    assert set(ran) == {threading.get_ident()}


def test_the_own_thread_is_refused_at_the_bound(alice: Hosted) -> None:
    for _ in range(POST_LIMIT):
        alice.runtime.post(lambda: None)
    with pytest.raises(CapacityError):
        alice.runtime.post(lambda: None)


def test_a_descriptor_is_watched_until_cancelled(alice: Hosted) -> None:
    reader, writer = os.pipe()
    read: list[bytes] = []
    cancel = alice.runtime.watch(reader, lambda: read.append(os.read(reader, 1)))
    os.write(writer, b"ab")
    until(lambda: read == [b"a", b"b"], alice)
    os.write(writer, b"c")
    alice.transport.reactor.poll(1)
    cancel()
    cancel()
    alice.turn()
    assert read == [b"a", b"b"], "a turn that waits is cancelled too"
    os.close(reader)
    os.close(writer)


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


def test_a_turn_is_what_thespian_hands_over(alice: Hosted) -> None:
    alice.runtime.post(lambda: None)
    seen: list[Any] = []
    deadline = CLOCK.monotonic() + 10
    while not seen and CLOCK.monotonic() < deadline:
        alice.transport.run(lambda envelope: seen.append(envelope.message) or True, timedelta(milliseconds=1))
    assert isinstance(seen[0], Turn)
