"""All calls of a node share what they know of a service."""

import asyncio
import json
from pathlib import Path
from urllib.request import urlopen

import pytest

from livekitex_agent import Agent, AgentMessage, AgentSystem, CallHandle, SessionError, WorkerOptions
from support.failing_service import ANSWER, service_in, times_asked

pytestmark = [pytest.mark.processes, pytest.mark.asyncio]

PATIENCE_S = 100.0
ATTEMPTS = 3
"""Of a turn, with a model that fails."""


async def states(system: AgentSystem) -> dict[str, str]:
    """The breakers of the node as its health server shows them."""

    def read(url: str) -> dict[str, str]:
        with urlopen(url, timeout=PATIENCE_S) as response:
            return {one["service"]: one["state"] for one in json.load(response)["breakers"]}

    return await asyncio.to_thread(read, await system.health_url() + "/status")


async def fails(session: CallHandle) -> str:
    """Ask, and tell of what the turn failed."""
    await session.send_text("Hello?")
    return (await session.wait_for(SessionError)).text


async def test_a_service_that_fails_in_one_call_is_spared_by_another_and_found_when_it_is_well_again(tmp_path: Path) -> None:
    down, well = tmp_path / "down", tmp_path / "well"
    broken, healthy = (Agent.text(instructions="Answer.", llm=service_in(folder)) for folder in (down, well))
    (down / "down").touch()
    async with (
        asyncio.timeout(PATIENCE_S),
        AgentSystem.start(WorkerOptions(partitions=1, preload=False, journal_dir=tmp_path / "calls")) as system,
    ):
        first, second, other = [await system.start_session(agent) for agent in (broken, broken, healthy)]
        await other.send_text("Hello?")
        for _ in range(2):
            await fails(first)
        asked = times_asked(down)
        assert asked <= 2 * ATTEMPTS
        await fails(second)
        assert times_asked(down) - asked < ATTEMPTS, "of a turn that does not wait for long at least one request is spared"
        assert sorted((await states(system)).values()) in (["closed", "half_open"], ["closed", "open"])
        await other.send_text("Hello?")
        assert (await other.wait_for(AgentMessage)).text == ANSWER, "the same provider with other options is another service"

        (down / "down").unlink()
        while True:
            await second.send_text("Hello?")
            if (await second.wait_for(AgentMessage)).text == ANSWER:
                break
        assert set((await states(system)).values()) == {"closed"}
