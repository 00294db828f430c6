"""Four calls hang at once, each in its way: each is there again with its conversation, and nobody else notices."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from livekitex_agent import Agent, AgentMessage, AgentSystem, Options, Restarted, Session
from support import dangerous_tools as tools
from support import procfs

pytestmark = [pytest.mark.processes, pytest.mark.asyncio]

AGENT = Agent.text(
    instructions="You take orders.", tools=[tools.remember, tools.recall, tools.blocked_loop, tools.held_interpreter, tools.patience]
)
UNKNOWN = "error: the outcome of this call is unknown."


async def hang_in_the_mailbox(session: Session) -> str:
    """These begin a hang, and tell what the next life says first."""
    await session.inject_fault("hang", at_state="thinking")
    await session.send_text("recall")
    return "pizza"


async def hang_in_the_event_loop(session: Session) -> str:
    await session.send_text("blocked loop")
    return UNKNOWN


async def hang_with_the_interpreters_lock(session: Session) -> str:
    await session.send_text("held interpreter")
    return UNKNOWN


async def hang_by_sigstop(session: Session) -> str:
    os.kill((await session.info()).os_pid, signal.SIGSTOP)
    await session.send_text("recall")
    return "pizza"


HANGS: tuple[Callable[[Session], Awaitable[str]], ...] = (
    hang_in_the_mailbox,
    hang_in_the_event_loop,
    hang_with_the_interpreters_lock,
    hang_by_sigstop,
)


async def say(session: Session, line: str) -> str:
    """Say it, and hear the reply."""
    await session.send_text(line)
    return (await session.wait_for(AgentMessage)).text


async def hang(session: Session, begin: Callable[[Session], Awaitable[str]]) -> None:
    assert await say(session, "remember the product of pizza") == "Noted pizza."
    before = await session.info()
    first_words = await begin(session)
    assert (await session.wait_for(Restarted)).reason == "error:hung"
    assert procfs.stat(before.os_pid) is None
    assert (await session.wait_for(AgentMessage)).text.startswith(first_words)
    after = await session.info()
    assert (after.incarnation, after.history[: len(before.history)]) == (2, before.history)
    assert await say(session, "recall") == "pizza"


async def test_who_hangs_is_replaced_and_whose_tool_merely_blocks_a_thread_is_not(tmp_path: Path) -> None:
    options = Options(preload=False, journal_dir=tmp_path, log_level="error", fault_injection=True)
    async with AgentSystem.start(options) as system:
        victims = [await system.start_session(AGENT) for _ in HANGS]
        bystander = await system.start_session(AGENT)
        before = await bystander.info()
        slow = asyncio.ensure_future(say(bystander, "patience"))
        await asyncio.gather(*map(hang, victims, HANGS))
        assert await slow == "It took its time."
        after = await bystander.info()
        assert (after.os_pid, after.incarnation) == (before.os_pid, 1)
