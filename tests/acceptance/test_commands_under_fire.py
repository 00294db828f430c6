"""Three handles send texts to one call whose processes are killed again and again: each text has one answer, each handle a whole record.

``python -m benchmarks.commands_under_fire`` does the same at length.
"""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from livekitex_agent import AgentSystem, CallHandle, CommandDone, Restarted, SessionUnavailableError, UserMessage, WorkerOptions
from support.command_fire import Fight, agent_of, command_id, plan

pytestmark = [pytest.mark.processes, pytest.mark.asyncio]

TEXTS = 12


async def test_each_text_has_one_answer_and_each_handle_a_whole_record(tmp_path: Path) -> None:
    options = WorkerOptions(partitions=1, preload=False, journal_dir=tmp_path / "calls", log_level="error", max_restarts=100)
    async with AgentSystem.start(options) as system:
        fought = await Fight(system, tmp_path / "notes", texts=TEXTS).run(plan(7, texts=TEXTS, kills=3, job_kills=1))
    assert not fought.broken()
    assert fought.restarts >= 3  # where all is answered, a kill may come before its life has begun
    assert fought.unavailable == 0


@asynccontextmanager
async def stopped(pid: int) -> AsyncIterator[None]:
    """The process stands still meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def given_up(session: CallHandle, number: int) -> None:
    """Nobody takes the text in time, and the caller is told that another attempt may help."""
    with pytest.raises(SessionUnavailableError) as caught:
        await session.send_text(f"text {number}", command_id=command_id(number), timeout_s=0.5)
    assert caught.value.retryable


async def test_a_command_that_was_given_up_and_is_sent_again_is_acted_on_once(tmp_path: Path) -> None:
    """The session is too slow, or dead and nobody starts it again, or the launcher is too slow and has all attempts in the end."""
    options = WorkerOptions(partitions=1, preload=False, journal_dir=tmp_path / "calls", log_level="error")
    async with AgentSystem.start(options) as system:
        session = await system.start_session(agent_of(tmp_path / "notes"))
        processes = {node.name.partition("/")[0]: node.os_pid for node in (await system.tree()).walk()}
        async with stopped(processes["agent_session"]):
            await given_up(session, 0)
        await session.send_text("text 0", command_id=command_id(0))
        async with stopped(processes["job"]):
            os.kill(processes["agent_session"], signal.SIGKILL)
            await given_up(session, 1)
        await session.wait_for(Restarted)
        await session.send_text("text 1", command_id=command_id(1))
        async with stopped(system.launcher_pid):
            await given_up(session, 2)
        await session.send_text("text 2", command_id=command_id(2))
        await session.end()
        events = [pushed.event async for pushed in session.events()]
    assert [event.text for event in events if isinstance(event, UserMessage)] == ["text 0", "text 1", "text 2"]
    done = [event.command_id for event in events if isinstance(event, CommandDone)]
    assert done[:3] == [command_id(0), command_id(1), command_id(2)]
