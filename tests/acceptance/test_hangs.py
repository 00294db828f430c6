"""Calls hang at once, each in its way: each is there again with its conversation, and nobody else notices."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from livekitex_agent import Agent, AgentMessage, AgentSystem, CallHandle, Restarted, WorkerOptions, composition
from support import dangerous_tools as tools
from support import procfs

pytestmark = [pytest.mark.processes, pytest.mark.asyncio]

AGENT = Agent.text(
    instructions="You take orders.",
    tools=[tools.remember, tools.recall, tools.blocked_loop, tools.held_interpreter, tools.stuck_mailbox, tools.patience],
)
UNKNOWN = "error: the outcome of this call is unknown."
HUNG = "error:hung"


@dataclass(frozen=True)
class Hang:
    """A way to hang: how it begins, what the next life says of its own accord, and why it had to come."""

    begin: Callable[[AgentSystem, CallHandle], Awaitable[None]]
    first_words: str = ""
    reason: str = HUNG


async def in_the_mailbox(_system: AgentSystem, session: CallHandle) -> None:
    await session.send_text("stuck mailbox")


async def in_the_event_loop(_system: AgentSystem, session: CallHandle) -> None:
    await session.send_text("blocked loop")


async def with_the_interpreters_lock(_system: AgentSystem, session: CallHandle) -> None:
    await session.send_text("held interpreter")


def stopped(role: str) -> Callable[[AgentSystem, CallHandle], Awaitable[None]]:
    """SIGSTOP to that process of the call."""

    async def begin(system: AgentSystem, session: CallHandle) -> None:
        processes = {node.name: node.os_pid for node in (await system.tree()).walk()}
        os.kill(processes[role.format(session.call_id)], signal.SIGSTOP)

    return begin


HANGS = (
    Hang(in_the_mailbox, UNKNOWN),
    Hang(in_the_event_loop, UNKNOWN),
    Hang(with_the_interpreters_lock, UNKNOWN),
    Hang(stopped("agent_session/{}")),
    Hang(stopped("job/{}"), reason="error:job/{} ended (error:hung)"),
)


async def say(session: CallHandle, line: str) -> str:
    """Say it, and hear the reply."""
    await session.send_text(line)
    return (await session.wait_for(AgentMessage)).text


async def hang(system: AgentSystem, session: CallHandle, how: Hang) -> None:
    assert await say(session, "remember the product of pizza") == "Noted pizza."
    before = await session.info()
    await how.begin(system, session)
    assert (await session.wait_for(Restarted)).reason == how.reason.format(session.call_id)
    assert procfs.stat(before.os_pid) is None
    if how.first_words:
        assert (await session.wait_for(AgentMessage)).text.startswith(how.first_words)
    after = await session.info()
    assert (after.incarnation, after.history.items[: len(before.history)]) == (2, before.history.items)
    assert await say(session, "recall") == "pizza"


async def test_who_hangs_is_replaced_and_whose_tool_merely_blocks_a_thread_is_not(tmp_path: Path) -> None:
    options = WorkerOptions(preload=False, journal_dir=tmp_path, log_level="error")
    async with AgentSystem.start(options) as system:
        victims = [await system.start_session(AGENT) for _ in HANGS]
        bystander = await system.start_session(AGENT)
        before = await bystander.info()
        slow = asyncio.ensure_future(say(bystander, "patience"))
        await asyncio.gather(*(hang(system, victim, how) for victim, how in zip(victims, HANGS, strict=True)))
        assert await slow == "It took its time."
        after = await bystander.info()
        assert (after.os_pid, after.incarnation) == (before.os_pid, 1)


async def test_the_calls_of_a_partition_that_hangs_return_and_no_others_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composition, "HEARTBEAT_MS", composition.HEARTBEAT_MS // 2)  # to be done in half the time
    async with AgentSystem.start(WorkerOptions(preload=False, journal_dir=tmp_path, log_level="error")) as system:
        one, other = [await system.start_session(AGENT) for _ in range(2)]
        (where,) = (job.partition for job in (await system.status()).jobs if job.job_id == one.call_id)
        elsewhere = await other.info()
        await hang(system, one, Hang(stopped(where), reason=f"error:{where} ended (error:hung)"))
        assert (await other.info()).os_pid == elsewhere.os_pid
