"""A call outlives its script: whoever starts it again under its id takes it up, and the run that had it before lets it go."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from actors.journal import CallRecord, Claim, JournalFile, call_path, read_call
from livekitex_agent import Agent, AgentSystem, Options, Session
from protocols import AgentMessage, EventPushed, Restarted, SessionUnavailableError
from support.memory_brain import ANSWER, FACT, MEMORY_BRAIN, QUESTION
from support.program import Program

pytestmark = [pytest.mark.processes, pytest.mark.asyncio]

AGENT = Agent.text(instructions="Remember.", llm=MEMORY_BRAIN, greeting="Welcome to us.")

SCRIPT = """
import asyncio, sys
from support.memory_brain import FACT, MEMORY_BRAIN
from livekitex_agent import Agent, AgentSystem, Options
from protocols import AgentMessage

async def main():
    async with AgentSystem.start(Options(partitions=1, preload=False, journal_dir=sys.argv[1])) as system:
        agent = Agent.text(instructions="Remember.", llm=MEMORY_BRAIN, greeting="Welcome to us.")
        session = await system.start_session(agent, "c9")
        await session.send_text(FACT)
        await session.wait_for(AgentMessage, lambda event: event.text == "Noted.")
        await session.send_text("Is this heard?")
        print("in the middle", flush=True)
        await system.wait_ended()

asyncio.run(main())
"""


def options(folder: Path, retention_s: float = 0.0) -> Options:
    return Options(partitions=1, preload=False, journal_dir=folder, retention_s=retention_s, log_level="error")


async def answer(session: Session, text: str) -> str:
    await session.send_text(text)
    message = await session.wait_for(AgentMessage, lambda event: event.text not in {"Welcome to us.", "Noted."})
    return message.text


async def until(session: Session, last: Callable[[EventPushed], bool]) -> list[EventPushed]:
    """All events of the call up to the ``last``."""
    found = []
    async with asyncio.timeout(30), aclosing(session.events()) as events:
        async for pushed in events:
            found.append(pushed)
            if last(pushed):
                break
    return found


def leave(folder: Path, call_id: str, *, retention_s: float) -> None:
    """The journal of a call that ended long ago."""
    record = CallRecord(call_id=call_id, run_id="r0", agent={}, options={}, began_wall_s=1.0, retention_s=retention_s)
    journal = JournalFile(call_path(folder, call_id), Claim(record))
    journal.end("normal", 2.0)
    journal.close(delete=False)


async def test_a_call_whose_script_was_killed_goes_on_in_another(tmp_path: Path) -> None:
    folder, script = tmp_path / "calls", tmp_path / "script.py"
    script.write_text(SCRIPT)
    with Program(tmp_path, [str(script), str(folder)]) as program:
        program.hear(lambda line: line == "in the middle")
        record = read_call(folder, "c9")
        program.process.kill()
        assert not program.left().processes
    leave(folder, "over", retention_s=5.0)
    leave(folder, "kept", retention_s=1e10)
    async with AgentSystem.start(options(folder)) as system:
        session = await system.start_session(AGENT, "c9")
        assert await answer(session, QUESTION) == ANSWER
        events = await until(session, lambda pushed: isinstance(pushed.event, AgentMessage) and pushed.event.text == ANSWER)
        assert [pushed.number for pushed in events] == list(range(1, len(events) + 1))
        (restarted,) = [pushed.event for pushed in events if isinstance(pushed.event, Restarted)]
        assert restarted.incarnation == 2
        assert restarted.reason in {"shutdown", "died without a word (killed or crashed)"}
        said = [item.text for item in (await session.info()).history]
        assert said[:3] == ["Welcome to us.", FACT, "Noted."]
        taken = read_call(folder, "c9")
        async with asyncio.timeout(30):
            while read_call(folder, "over") is not None:
                await system.status()
    assert record is not None
    assert taken is not None
    assert taken.is_open
    assert record.run_id != taken.run_id
    assert record.began_wall_s == taken.began_wall_s
    assert read_call(folder, "kept") is not None


async def test_a_call_that_another_run_takes_up_ends_here_and_stays_there_and_is_kept_for_its_retention(tmp_path: Path) -> None:
    async with AgentSystem.start(options(tmp_path)) as first, AgentSystem.start(options(tmp_path, 3_600.0)) as second:
        before = await first.start_session(AGENT, "c9")
        await before.send_text(FACT)
        await before.wait_for(AgentMessage, lambda event: event.text == "Noted.")
        after = await second.start_session(AGENT, "c9")
        assert await answer(after, QUESTION) == ANSWER
        with pytest.raises(SessionUnavailableError, match="another system has taken up the call"):
            await answer(before, "Is this heard?")
        assert (await first.status()).jobs == ()
        assert await answer(after, QUESTION) == ANSWER
        assert (await after.info()).incarnation == 2
        assert [job.job_id for job in (await second.status()).jobs] == ["c9"]
        await after.end("that is all")
        await until(after, lambda _: False)
        async with asyncio.timeout(30):
            while (await second.status()).jobs:
                pass
    record = read_call(tmp_path, "c9")
    assert record is not None
    assert (record.outcome, record.retention_s, record.is_open) == ("that is all", 3_600.0, False)
