"""Whoever dies above a session: its call returns by itself with its conversation, within a budget of its own, or says why it ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors import FileStore
from actors.journal import read_call
from livekitex_agent import (
    Agent,
    AgentMessage,
    AgentSentence,
    AgentSystem,
    CallEnded,
    CallHandle,
    CallStarted,
    LivekitexError,
    Restarted,
    SessionError,
    SessionEvent,
    SessionUnavailableError,
    UserMessage,
    WorkerOptions,
)
from support.chat import texts
from support.echo_tree import echo_options, echo_root
from support.returning import LIST, ROLES, Drill, agent, death_of, running, say

pytestmark = [pytest.mark.processes, pytest.mark.asyncio]

FAREWELL = "That was all."
SPENT = "it died too often (allowed are 1 in 60 s), the last time because agent_session/call-0 ended (killed)"


def options(folder: Path, **fields: Any) -> WorkerOptions:
    return WorkerOptions(journal_dir=folder, log_level="error", retention_s=60, **fields)


async def read_to(session: CallHandle, last: Callable[[SessionEvent], bool]) -> list[SessionEvent]:
    """The call's events up to one."""
    events = []
    async for pushed in session.events():
        events.append(pushed.event)
        if last(pushed.event):
            break
    return events


async def refused(session: CallHandle) -> LivekitexError:
    """Why the call takes no command."""
    with pytest.raises(SessionUnavailableError) as failure:
        await session.send_text("hello?")
    return failure.value


async def test_every_call_returns_with_its_history_whoever_above_it_is_killed(tmp_path: Path) -> None:
    async with running(options(tmp_path, max_restarts=100)) as system:
        drill = await Drill.begin(system, 2)
        place = (await system.status()).jobs[0].partition
        for roles in [*((role,) for role in ROLES), ("partition", "registry")]:
            struck = await drill.strike(*roles)
            assert struck.whole, struck
        lives = (await drill.sessions[0].info()).incarnation
        events = await read_to(drill.sessions[0], lambda event: isinstance(event, Restarted) and event.incarnation == lives)
        reasons = [event.reason for event in events if isinstance(event, Restarted)]
        assert len(reasons) == lives - 1
        assert reasons[:2] == [f"error:{place} ended (killed)", "error:job/call-0 ended (killed)"]


async def test_a_call_that_dies_too_often_says_so_and_ends_as_failed(tmp_path: Path) -> None:
    async with running(options(tmp_path, max_restarts=1)) as system:
        session = await system.start_session(agent(farewell=FAREWELL), "call-0")
        drill = Drill(system, [session])
        partition = await drill.process("partition")
        await say(session, "fact")
        await drill.kill("agent_session")
        assert (await session.wait_for(Restarted)).reason == "killed"
        await drill.kill("agent_session")
        events = await read_to(session, lambda event: isinstance(event, CallEnded))
        assert SessionError(source="call", text=SPENT, retryable=False) in events
        assert [event.text for event in events if isinstance(event, AgentSentence)][-1] == FAREWELL
        assert [event.reason for event in events if isinstance(event, Restarted)][1:] == ["error:agent_session/call-0 ended (killed)"]
        assert events[-1] == CallEnded(reason=f"failed: {SPENT}")
        error = await refused(session)
        assert (error.retryable, f"failed: {SPENT}" in str(error)) == (False, True)
        while (await system.status()).jobs:
            pass
        assert {child.os_pid for child in await system.which_children("jobs")} >= {partition}
        record = read_call(FileStore(tmp_path / "calls"), "call-0")
        assert record is not None
        assert (record.is_open, record.outcome) == (False, f"failed: {SPENT}")


async def test_a_call_that_dies_at_each_start_fails_alone(tmp_path: Path) -> None:
    poison = tmp_path / "poison"
    async with running(options(tmp_path / "calls", max_restarts=1, partitions=1)) as system:
        victim = await system.start_session(agent(str(poison)), "call-0")
        other = await system.start_session(agent(), "call-1")
        drill = Drill(system, [victim, other])
        before = await drill.process("partition"), (await other.info()).os_pid
        poison.touch()
        await drill.kill("agent_session")
        error = await refused(victim)
        assert not error.retryable
        assert "failed: it died too often (allowed are 1 in 60 s)" in str(error)
        assert "it could not say farewell" in str(error)
        assert (await drill.process("partition", "call-1"), (await other.info()).os_pid) == before
        record = read_call(FileStore(tmp_path / "calls" / "calls"), "call-0")
        assert record is not None
        assert (record.run_id, record.is_open) == ("", False)
        assert [job.job_id for job in (await system.status()).jobs] == ["call-1"]


async def test_without_a_journal_a_call_returns_as_a_new_conversation() -> None:
    async with running(WorkerOptions(journal=False, log_level="error")) as system:
        session = await system.start_session(agent(), "call-0")
        drill = Drill(system, [session])
        assert await say(session, "fact") == "Noted."
        await drill.kill("job")
        await session.wait_for(CallStarted)
        assert await say(session, LIST) == "Known:"
        assert texts((await session.info()).history) == [LIST, "Known: "], "as the model wrote it"
        assert isinstance((await read_to(session, lambda event: isinstance(event, AgentMessage)))[0], CallStarted)


async def test_audio_streams_on_into_fresh_memory_each_piece_once_and_in_order() -> None:
    pieces = [bytes([number, number]) * 800 for number in range(1, 21)]
    async with AgentSystem.start(echo_options(), root=echo_root(echo_options())) as system:
        session = await system.start_session(Agent.text(instructions="echo"), "call-0")
        for piece in pieces[:10]:
            await session.stream_audio(piece, 8_000)
        await session.commit_audio()
        heard = await session.wait_for(UserMessage)
        assert heard.text == b"".join(piece[:2] for piece in pieces[:10]).hex()
        death = death_of((await session.info()).os_pid)
        await Drill(system, [session]).kill("job")
        await death  # until then it may take what the next life will not have
        for piece in pieces[10:]:
            await session.stream_audio(piece, 8_000)
        await session.commit_audio()
        heard = await session.wait_for(UserMessage)
        assert heard.text == b"".join(piece[:2] for piece in pieces[10:]).hex()
