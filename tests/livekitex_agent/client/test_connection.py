import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from livekitex_agent.client import connection as connection_module
from livekitex_agent.client.connection import Connection
from livekitex_agent.gateway.frames import (
    EventsLost,
    Request,
    Response,
    StopSystem,
    SystemEnded,
    SystemReady,
    Unanswered,
    encode_frame,
)
from protocols import Breakers, GetBreakers, Message, MessageTooLargeError, NameChanged, SendText, SystemUnavailableError, UsageError
from support.fake_launcher import FakeLauncher, FakeTree, close_connection, open_connection

pytestmark = pytest.mark.asyncio


class Harness:
    connection: Connection
    tree: FakeTree

    def __init__(self) -> None:
        self.pushed: list[Message | EventsLost] = []
        self.answers: list[Message | Unanswered] = []

    def ask(self) -> None:
        self.connection.request("circuit_breakers", GetBreakers(), timeout_s=1.5, then=self.answers.append)


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    harness = Harness()
    harness.connection, harness.tree = await open_connection(harness.pushed.append)
    yield harness
    await close_connection(harness.connection, harness.tree)


async def test_requests_and_their_answers(harness: Harness) -> None:
    harness.ask()
    harness.ask()
    first, second = await harness.tree.next(Request), await harness.tree.next(Request)
    assert (first.name, first.message, first.timeout_ms) == ("circuit_breakers", GetBreakers(), 1500)
    harness.tree.leave_unanswered(second)
    harness.tree.answer(first, Breakers(breakers=()))
    harness.tree.answer(first, Breakers(breakers=()))  # a second answer is dropped
    harness.tree.push(NameChanged(name="n", ref=None))
    harness.tree.say(EventsLost(call_id="c"))
    harness.tree.say(SystemReady(root_pid=42))
    assert await harness.connection.ready is None
    assert harness.connection.root_pid == 42
    assert harness.answers == [Unanswered(request_id=second.request_id, reason="nobody has the name"), Breakers(breakers=())]
    assert harness.pushed == [NameChanged(name="n", ref=None), EventsLost(call_id="c")]


async def test_what_is_too_large_is_refused_and_the_connection_goes_on(harness: Harness) -> None:
    with pytest.raises(MessageTooLargeError, match="SendText is larger"):
        harness.connection.request("n", SendText(command_id="1", text="x" * 10_000_000), timeout_s=1, then=harness.answers.append)
    harness.ask()
    assert isinstance((await harness.tree.next(Request)).message, GetBreakers)


async def test_a_launcher_that_dies_is_told_with_its_fate(harness: Harness) -> None:
    harness.ask()
    harness.tree.close()
    harness.tree.launcher.exit("killed by SIGKILL")
    error = await harness.connection.ended
    assert str(error).startswith("the system could not start: its launcher process was killed by SIGKILL (by hand")
    assert not harness.connection.stopped
    assert harness.tree.launcher.swept
    assert await harness.connection.ready is error
    with pytest.raises(SystemUnavailableError, match="SIGKILL"):
        harness.ask()
    assert harness.answers == []


async def test_its_exit_messages_are_told_instead(harness: Harness) -> None:
    harness.tree.say(SystemReady(root_pid=1))
    harness.tree.say(SystemEnded(asked=False, text="the tree gave up"))
    harness.tree.close()
    harness.tree.launcher.exit("exited with code 1")
    assert str(await harness.connection.ended) == "the system has ended: the tree gave up"


async def test_its_exit_messages_are_read_although_it_hears_no_more(harness: Harness) -> None:
    harness.tree.say(SystemReady(root_pid=1))
    assert await harness.connection.ready is None
    harness.tree.say(SystemEnded(asked=False, text="the tree gave up"))
    harness.tree.close()
    harness.tree.launcher.exit("exited with code 1")
    harness.ask()  # before the loop has read: the writing fails
    assert str(await harness.connection.ended) == "the system has ended: the tree gave up"


async def test_an_end_that_somebody_asked_for_is_told_as_such(harness: Harness) -> None:
    harness.tree.say(SystemEnded(asked=True, text=""))
    harness.tree.close()
    harness.tree.launcher.exit()
    assert str(await harness.connection.ended) == "the system was stopped"
    assert harness.connection.stopped


async def test_a_signal_that_asked_for_the_end_is_named(harness: Harness) -> None:
    harness.tree.say(SystemEnded(asked=True, text="SIGTERM"))
    harness.tree.close()
    harness.tree.launcher.exit()
    assert str(await harness.connection.ended) == "the system was stopped by SIGTERM to its launcher"


async def test_who_stops_what_has_ended_by_itself_has_not_stopped_it(harness: Harness) -> None:
    harness.tree.close()
    harness.tree.launcher.exit("killed by SIGKILL")
    await harness.connection.ended
    await harness.connection.stop()
    assert not harness.connection.stopped


async def test_a_copy_of_its_socket_keeps_nobody_waiting(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "EXIT_MESSAGES_S", 0.0)
    harness.tree.launcher.exit("killed by SIGKILL", keep_socket=True)
    assert "SIGKILL" in str(await harness.connection.ended)


async def test_a_closed_connection_without_a_word(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "EXIT_MESSAGES_S", 0.0)
    harness.tree.close()
    harness.tree.launcher.far.close()
    assert str(await harness.connection.ended).startswith("the system could not start: its launcher closed the connection: what")


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", encode_frame(StopSystem())])
async def test_what_no_launcher_says_ends_the_connection(harness: Harness, data: bytes) -> None:
    harness.tree.launcher.far.sendall(data)
    assert "what this version cannot read" in str(await harness.connection.ended)


async def test_a_stop_asks_and_waits(harness: Harness) -> None:
    stopping = asyncio.create_task(harness.connection.stop())
    await harness.tree.next(StopSystem)
    assert not stopping.done()
    harness.tree.close()
    harness.tree.launcher.exit()
    await stopping
    assert harness.tree.launcher.closed
    assert not harness.tree.launcher.killed


async def test_a_launcher_that_does_not_stop_is_killed(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "STOP_TIMEOUT_S", 0.01)
    harness.tree.close()
    await harness.connection.stop()
    assert harness.tree.launcher.killed
    assert str(await harness.connection.ended) == "the system was stopped"


async def test_a_fork_of_the_script_is_told_and_ends_nothing(harness: Harness) -> None:
    harness.tree.launcher.foreign = True
    with pytest.raises(UsageError, match="fork first, then start one here"):
        harness.ask()
    await harness.connection.stop()
    harness.tree.launcher.foreign = False
    assert harness.tree.quiet()
    assert not harness.tree.launcher.closed


async def test_an_unasked_answer_is_dropped(harness: Harness) -> None:
    harness.tree.say(Response(request_id=99, message=GetBreakers()))
    harness.tree.say(SystemReady(root_pid=1))
    assert await harness.connection.ready is None


async def test_two_that_stop_at_once_both_return(harness: Harness) -> None:
    both = asyncio.gather(harness.connection.stop(), harness.connection.stop())
    await harness.tree.next(StopSystem)
    harness.tree.launcher.exit()
    async with asyncio.timeout(100):
        await both
    assert harness.tree.launcher.closed


@pytest.mark.parametrize("steps", range(6))
async def test_whenever_opening_is_cancelled_the_number_of_the_launchers_descriptor_is_free_for_the_next(steps: int) -> None:
    launcher = FakeLauncher()
    number = launcher.exited
    opening = asyncio.ensure_future(Connection.open(launcher, lambda _pushed: None))  # type: ignore[arg-type]
    for _ in range(steps):
        await asyncio.sleep(0)
    opening.cancel()
    with suppress(asyncio.CancelledError):
        (await opening)._abandon()
    launcher.close(0.0)
    launcher.far.close()
    told = asyncio.Event()
    reader, writer = os.pipe()
    os.dup2(reader, number)
    os.write(writer, b"x")
    asyncio.get_running_loop().add_reader(number, told.set)
    async with asyncio.timeout(100):
        await told.wait()
    asyncio.get_running_loop().remove_reader(number)
    for descriptor in {reader, writer, number}:
        os.close(descriptor)


async def test_a_launcher_that_does_not_die_of_sigkill_holds_nobody_up(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "STOP_TIMEOUT_S", 0.01)
    monkeypatch.setattr(connection_module, "KILL_TIMEOUT_S", 0.01)
    monkeypatch.setattr(connection_module, "EXIT_MESSAGES_S", 0.01)
    monkeypatch.setattr(harness.tree.launcher, "kill", lambda: None)
    async with asyncio.timeout(100):
        await harness.connection.stop()
    assert str(await harness.connection.ended) == "the system was stopped"
    harness.tree.launcher.said = "held by the kernel"
