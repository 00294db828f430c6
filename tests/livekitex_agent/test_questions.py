"""Questions to a system whose tree is the test's."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from livekitex_agent.gateway.frames import Request, StopSystem, SystemReady
from livekitex_agent.system import AgentSystem
from livekitex_agent.tree import Node
from protocols import (
    ChildInfo,
    Children,
    ChildResult,
    Drain,
    Drained,
    GetHealthAddress,
    HealthAddress,
    Ref,
    SessionUnavailableError,
    WhichChildren,
)
from support.echo_tree import echo_options
from support.fake_context import FakeClock
from support.fake_launcher import FakeLauncher, FakeTree, close_connection

pytestmark = pytest.mark.asyncio


class Harness:
    system: AgentSystem
    tree: FakeTree

    async def answer(self, name: str, children: Children | ChildResult) -> None:
        request = await self.tree.next(Request, lambda request: request.name == name)
        assert request.message == WhichChildren()
        self.tree.answer(request, children)


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    harness = Harness()
    launcher = FakeLauncher()
    harness.system = AgentSystem(launcher, echo_options(), "run")  # type: ignore[arg-type]
    harness.tree = FakeTree(launcher)
    harness.tree.say(SystemReady(root_pid=42))
    await harness.system.open()
    yield harness
    await close_connection(harness.system._connection, harness.tree)
    await harness.system.stop()


def child(name: str, kind: str = "worker", state: str = "running") -> ChildInfo:
    ref = Ref(id=name, uid="1", address="there") if state == "running" else None
    return ChildInfo(id=name, state=state, type=kind, title=name, ref=ref, os_pid=7 if ref else 0)


async def test_a_tree_is_read_while_a_part_of_it_ends(harness: Harness) -> None:
    reading = asyncio.create_task(harness.system.tree())
    top = (child("jobs", "supervisor"), child("job/c", "supervisor"), child("health_server", state="restarting"))
    await harness.answer("application", Children(children=top))
    await harness.answer("job/c", ChildResult(result="error:shutdown"))
    await harness.answer("jobs", Children(children=()))
    assert await reading == Node(
        name="application",
        state="running",
        os_pid=42,
        is_supervisor=True,
        children=(
            Node(name="health_server", state="restarting", os_pid=0, is_supervisor=False),
            Node(name="job/c", state="ending", os_pid=0, is_supervisor=True),
            Node(name="jobs", state="running", os_pid=7, is_supervisor=True),
        ),
    )


async def test_a_supervisor_that_is_ending_is_told_to_who_asks_it(harness: Harness) -> None:
    asking = asyncio.create_task(harness.system.which_children("job/c"))
    await harness.answer("job/c", ChildResult(result="error:shutdown"))
    with pytest.raises(SessionUnavailableError, match=r"job/c is ending \(error:shutdown\)"):
        await asking


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8081"),
        ("::1", "http://[::1]:8081"),
        ("fe80::1%eth0", "http://[fe80::1%25eth0]:8081"),
        ("localhost", "http://localhost:8081"),
    ],
)
async def test_where_the_health_endpoints_answer(harness: Harness, host: str, url: str) -> None:
    asking = asyncio.create_task(harness.system.health_url())
    harness.tree.answer(await harness.tree.request(GetHealthAddress), HealthAddress(host=host, port=8081))
    assert await asking == url


async def test_a_stop_is_the_launchers_to_do(harness: Harness) -> None:
    stopping = asyncio.create_task(harness.system.stop())
    await harness.tree.next(StopSystem)
    harness.tree.close()
    harness.tree.launcher.exit()
    await stopping


async def test_a_drain_asks_each_life_of_the_manager_for_the_time_that_remains(harness: Harness) -> None:
    clock = harness.system._clock = harness.system._requests._clock = FakeClock()  # type: ignore[assignment]
    draining = asyncio.create_task(harness.system.drain(60.0))
    assert (await harness.tree.request(Drain)).message == Drain(timeout_ms=60_000)
    clock.now += 10.0
    harness.tree.name_gone("worker_manager")
    harness.tree.name("worker_manager", 2)
    second = await harness.tree.request(Drain)
    assert second.message == Drain(timeout_ms=50_000)
    harness.tree.answer(second, Drained(jobs=3))
    assert await draining == 3
