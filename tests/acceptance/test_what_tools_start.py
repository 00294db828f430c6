"""What a tool has started ends with its session, however that ends, before the next life begins; and it has nothing of the session's."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from livekitex_agent import Agent, AgentMessage, AgentSystem, CallEnded, CallHandle, Restarted, WorkerOptions
from support import dangerous_tools as tools
from support import leftovers, procfs
from support.returning import running
from support.starting_tools import start_everything

pytestmark = [pytest.mark.processes, pytest.mark.asyncio]

AGENT = Agent.text(instructions="You start things.", tools=[start_everything, tools.broken_thread, tools.exit_at_once])
Ending = Callable[[AgentSystem, CallHandle], Awaitable[None]]
PATIENCE_S = 120.0


async def say(session: CallHandle, line: str) -> str:
    """Say it, and hear the reply."""
    await session.send_text(line, timeout_s=PATIENCE_S)
    return (await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)).text


async def processes(system: AgentSystem) -> dict[str, int]:
    return {node.name: node.os_pid for node in (await system.tree(timeout_s=PATIENCE_S)).walk() if node.name}


def signalled(role: str, number: signal.Signals) -> Ending:
    """A signal to that process of the call."""

    async def end(system: AgentSystem, session: CallHandle) -> None:
        os.kill((await processes(system))[role.format(session.call_id)], number)

    return end


async def by_an_exception(_system: AgentSystem, session: CallHandle) -> None:
    await session.send_text("broken thread", timeout_s=PATIENCE_S)


async def by_leaving(_system: AgentSystem, session: CallHandle) -> None:
    await session.send_text("exit at once", timeout_s=PATIENCE_S)


DEATHS: tuple[Ending, ...] = (
    signalled("agent_session/{}", signal.SIGKILL),
    signalled("agent_session/{}", signal.SIGSEGV),
    signalled("agent_session/{}", signal.SIGSTOP),  # it hangs, and is killed
    by_an_exception,
    by_leaving,
    signalled("job/{}", signal.SIGKILL),
)


def name_of(pid: int) -> str:
    """Empty when it is gone, and waited for."""
    found = procfs.stat(pid)
    return found.name if found is not None else ""


async def started(session: CallHandle) -> list[int]:
    """The process ids of what the session's tool started, all of which live."""
    pids = [int(pid) for pid in (await say(session, "start everything")).split()]
    while [name_of(pid) for pid in pids] != ["sleep", "sleep", "worker"]:
        assert all(name_of(pid) for pid in pids)
        await asyncio.sleep(0)
    return pids


async def dies(system: AgentSystem, session: CallHandle, death: Ending) -> None:
    pids = await started(session)
    await death(system, session)
    await session.wait_for(Restarted, timeout_s=PATIENCE_S)
    assert [name_of(pid) for pid in pids] == ["", "", ""], death
    await session.end(timeout_s=PATIENCE_S)


def links(pid: int) -> set[str]:
    """What the process has open, but for the standard streams."""
    folder = Path(f"/proc/{pid}/fd")
    return {str((folder / entry).readlink()) for entry in os.listdir(folder) if int(entry) > 2}


async def test_what_a_tool_started_ends_with_its_session_before_the_next_life_begins(tmp_path: Path) -> None:
    options = WorkerOptions(journal_dir=tmp_path, log_level="error", partitions=1, max_restarts=100)
    async with running(options) as system:
        bystander, *victims = [await system.start_session(AGENT, timeout_s=PATIENCE_S) for _ in range(len(DEATHS) + 1)]
        kept = await started(bystander)
        await asyncio.gather(*(dies(system, victim, death) for victim, death in zip(victims, DEATHS, strict=True)))
        assert all(name_of(pid) for pid in kept), "what others had started lives on"
        await dies(system, bystander, signalled((await system.status(timeout_s=PATIENCE_S)).jobs[0].partition, signal.SIGKILL))
        assert not any(name_of(pid) for pid in kept)


async def test_what_a_tool_started_ends_with_a_call_that_ends_in_order_and_has_nothing_of_the_sessions(tmp_path: Path) -> None:
    async with running(WorkerOptions(journal_dir=tmp_path, log_level="error", partitions=1)) as system:
        session = await system.start_session(AGENT, timeout_s=PATIENCE_S)
        pids = await started(session)
        tree = await processes(system)
        ours, supervisor = tree[f"agent_session/{session.call_id}"], tree[f"job/{session.call_id}"]
        tcp = {f"socket:[{inode}]" for inode in procfs.tcp_inodes()}
        journal = {link for link in links(ours) if link.startswith(f"{tmp_path}/")}
        report = {link for link in links(ours) & links(supervisor) if link.startswith("pipe:")}
        assert tcp & links(ours)
        assert journal
        assert report
        for pid in pids:
            assert not links(pid) & (tcp | journal | report)
        await session.end(timeout_s=PATIENCE_S)
        await session.wait_for(CallEnded, timeout_s=PATIENCE_S)
        assert not leftovers.wait_for_end(lambda: {pid for pid in pids if name_of(pid)}, timeout_s=PATIENCE_S)
