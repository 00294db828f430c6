"""A call outlives its script: whoever starts it again under its id takes it up, and the run that had it before lets it go."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from actors.journal import CallDescription, FileStore, read_call
from livekitex_agent import Agent, AgentSystem, CallHandle, WorkerOptions
from protocols import AgentMessage, EventPushed, Restarted
from support.chat import texts
from support.memory_brain import ANSWER, FACT, MEMORY_BRAIN, QUESTION
from support.program import Program

pytestmark = [pytest.mark.processes, pytest.mark.asyncio]

REASONS = {"shutdown", "died without a word (killed or crashed)"}
AGENT = Agent.text(instructions="Remember.", llm=MEMORY_BRAIN, greeting="Welcome to us.")

SCRIPT = """
import asyncio, sys
from support.memory_brain import FACT, MEMORY_BRAIN
from livekitex_agent import Agent, AgentSystem, WorkerOptions
from protocols import AgentMessage, SessionUnavailableError

async def main():
    async with AgentSystem.start(WorkerOptions(partitions=1, preload=False, journal_dir=sys.argv[1])) as system:
        agent = Agent.text(instructions="Remember.", llm=MEMORY_BRAIN, greeting="Welcome to us.")
        sessions = [await system.start_session(agent, call_id) for call_id in ("lost", "taken")]
        for session in sessions:
            await session.send_text(FACT)
            await session.wait_for(AgentMessage, lambda event: event.text == "Noted.")
        print("in the middle", flush=True)
        while True:
            await asyncio.sleep(0.2)
            try:
                await sessions[1].send_text("Small talk.")
            except SessionUnavailableError as failure:
                print(f"it is gone: {failure}", flush=True)
                print([job.job_id for job in (await system.status()).jobs], flush=True)
                await system.wait_ended()

asyncio.run(main())
"""


def options(folder: Path, retention_s: float = 0.0) -> WorkerOptions:
    return WorkerOptions(partitions=1, preload=False, journal_dir=folder, retention_s=retention_s, log_level="error")


async def answer(session: CallHandle, text: str) -> str:
    await session.send_text(text)
    message = await session.wait_for(AgentMessage, lambda event: event.text not in {"Welcome to us.", "Noted."})
    return message.text


async def until(session: CallHandle, last: Callable[[EventPushed], bool]) -> list[EventPushed]:
    """All events of the call up to the ``last``."""
    found = []
    async with asyncio.timeout(200), aclosing(session.events()) as events:
        async for pushed in events:
            found.append(pushed)
            if last(pushed):
                break
    return found


def leave(folder: Path, call_id: str, *, retention_s: float) -> None:
    """The journal of a call that ended long ago."""
    record = CallDescription(call_id=call_id, run_id="r0", agent={}, options={}, began_wall_s=1.0, retention_s=retention_s)
    journal = FileStore(folder / "calls").claim(call_id, record.encode(), nonce=call_id)
    journal.end(1, replace(record, outcome="normal", ended_wall_s=2.0).encode())
    journal.close()


async def test_a_call_goes_on_in_another_script_whether_its_own_was_killed_or_still_runs(tmp_path: Path) -> None:
    folder, script = tmp_path / "calls", tmp_path / "script.py"
    script.write_text(SCRIPT)
    leave(folder, "over", retention_s=5.0)
    leave(folder, "kept", retention_s=1e10)
    with Program(tmp_path, [str(script), str(folder)]) as program:
        program.hear(lambda line: line == "in the middle")
        record = read_call(FileStore(folder / "calls"), "lost")
        async with AgentSystem.start(options(folder, 3_600.0)) as system:
            taken = await system.start_session(AGENT, "taken")
            assert await answer(taken, QUESTION) == ANSWER
            assert "another system has taken up the call" in program.hear(lambda line: line.startswith("it is gone"))
            assert program.hear() == "['lost']"
            program.process.kill()
            assert not program.left().processes
            lost = await system.start_session(AGENT, "lost")
            assert await answer(lost, QUESTION) == ANSWER
            for session in (taken, lost):
                events = await until(session, lambda pushed: isinstance(pushed.event, AgentMessage) and pushed.event.text == ANSWER)
                numbers = [pushed.number for pushed in events if pushed.event.kept]
                assert numbers == list(range(1, len(numbers) + 1))
                (restarted,) = [pushed.event for pushed in events if isinstance(pushed.event, Restarted)]
                assert restarted.incarnation == 2
                assert restarted.reason in REASONS
                assert texts((await session.info()).history)[:3] == ["Welcome to us.", FACT, "Noted."]
            assert sorted(job.job_id for job in (await system.status()).jobs) == ["lost", "taken"]
            owned = read_call(FileStore(folder / "calls"), "lost")
            await lost.end("that is all")
            await until(lost, lambda _: False)
            async with asyncio.timeout(200):
                while len((await system.status()).jobs) > 1 or read_call(FileStore(folder / "calls"), "over") is not None:
                    pass
    assert record is not None
    assert owned is not None
    assert owned.is_open
    assert record.run_id != owned.run_id
    assert record.began_wall_s == owned.began_wall_s
    kept = read_call(FileStore(folder / "calls"), "lost")
    assert kept is not None
    assert (kept.outcome, kept.retention_s, kept.is_open) == ("that is all", 3_600.0, False)
    assert read_call(FileStore(folder / "calls"), "kept") is not None
