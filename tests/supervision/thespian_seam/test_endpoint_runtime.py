import os
import threading
from collections.abc import Callable, Iterator

import pytest

from protocols import SHUTDOWN, CapacityError, Ref, SendText, UsageError
from supervision.actor import ActorStart, Runtime
from supervision.actor.context import POST_LIMIT
from supervision.thespian_seam.endpoint_runtime import EndpointRuntime
from supervision.thespian_seam.options import SystemOptions
from support.hosted_cell import Hosted, hosting, until
from support.seam_endpoints import CLOCK, ENTROPY


class OnEndpoint(Hosted):
    """A cell on the runtime of an actor without children."""

    def make_runtime(self, _options: SystemOptions) -> EndpointRuntime:
        self.runtime = EndpointRuntime(self.transport.endpoint, CLOCK, ENTROPY, memoryview(bytearray(8)))
        return self.runtime


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], OnEndpoint]]:
    with hosting(monkeypatch, OnEndpoint) as make:
        yield make


@pytest.fixture
def alice(make: Callable[[str], OnEndpoint]) -> OnEndpoint:
    return make("alice")


@pytest.fixture
def bob(make: Callable[[str], OnEndpoint]) -> OnEndpoint:
    return make("bob")


def test_it_is_what_a_cell_needs(alice: OnEndpoint) -> None:
    runtime: Runtime = alice.runtime
    assert runtime.address == str(alice.transport.endpoint.address)
    assert (runtime.clock, runtime.entropy) == (CLOCK, ENTROPY)
    assert runtime.memory is not None
    assert len(runtime.memory) == 8


def test_messages_arrive_in_order(alice: OnEndpoint, bob: OnEndpoint) -> None:
    for number in range(100):
        alice.cell.send(bob.cell.self_ref, SendText(command_id="", text=str(number)))
    until(lambda: len(bob.happened) == 100, alice, bob)
    assert [message.text for message in bob.happened] == [str(number) for number in range(100)]


def test_the_largest_message_arrives(alice: OnEndpoint, bob: OnEndpoint) -> None:
    text = "x" * 1_000_000
    alice.cell.send(bob.cell.self_ref, SendText(command_id="", text=text))
    until(lambda: bob.happened, alice, bob)
    assert bob.happened[0].text == text


@pytest.mark.parametrize("address", ["", "sim:7", "127.0.0.1:1", "127.0.0.1:99999#00"])
def test_a_reference_of_another_runtime_loses_the_message_only(alice: OnEndpoint, address: str, caplog: pytest.LogCaptureFixture) -> None:
    alice.cell.send(Ref(id="x", uid="x", address=address), SendText(command_id="", text=""))
    alice.turn()
    assert "without an address" in caplog.text


def test_a_timer_is_a_turn_and_can_be_cancelled_until_it_runs(alice: OnEndpoint) -> None:
    fired: list[str] = []
    alice.runtime.schedule(0, lambda: (late(), fired.append("first")))
    late = alice.runtime.schedule(0, lambda: fired.append("late"))
    cancelled = alice.runtime.schedule(0, lambda: fired.append("cancelled"))
    cancelled()
    cancelled()
    alice.runtime.schedule(0.001, lambda: fired.append("last"))
    until(lambda: "last" in fired, alice)
    assert fired == ["first", "last"]


def test_another_thread_posts_turns_and_waits_for_room(alice: OnEndpoint) -> None:
    ran: list[int] = []
    thread = threading.Thread(target=lambda: [alice.runtime.post(lambda: ran.append(threading.get_ident())) for _ in range(POST_LIMIT + 5)])
    thread.start()
    until(lambda: len(ran) == POST_LIMIT + 5, alice)
    thread.join()
    assert set(ran) == {threading.get_ident()}


def test_the_own_thread_is_refused_at_the_bound(alice: OnEndpoint) -> None:
    for _ in range(POST_LIMIT):
        alice.runtime.post(lambda: None)
    with pytest.raises(CapacityError):
        alice.runtime.post(lambda: None)


def test_a_descriptor_is_watched_until_cancelled(alice: OnEndpoint) -> None:
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


def test_it_has_no_children(alice: OnEndpoint) -> None:
    runtime = alice.runtime
    with pytest.raises(UsageError, match="alice lives in its parent's process: it starts no actors, such as n"):
        runtime.spawn(ActorStart(actor_id="n", uid="n", actor="m:C"))
    runtime.signal("n", SHUTDOWN)
    runtime.kill("n")
    runtime.release_memory("n")
    assert runtime.progress("n") == 0
