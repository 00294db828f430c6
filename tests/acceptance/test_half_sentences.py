"""Killed in the middle of a sentence, of the caller or of the agent: real speech, real kills, several calls at once.

`benchmarks/half_sentences.py` does the same at 20 points of each, at other rates, and to other processes.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from livekitex_agent import Agent, AgentSystem, Restarted, WorkerOptions
from protocols import BYTES_PER_SAMPLE
from support import procfs
from support.chat import texts
from support.returning import death_of
from support.spoken_calls import CHUNK_S, VOICE_HZ, SpokenCall, echo_agent, lacks, repeated_s, samples_of, speak, told, words

pytestmark = pytest.mark.processes

SENTENCE = "I would like two pizzas and no beer."
STORY = "The keeper lights the lamp. Nobody ever missed it."
MEMORY = "/memfd:livekitex"
MARK_S = 0.25
"""The most that another life says again, besides a chunk of audio."""


async def spoken(system: AgentSystem, kill_at_s: float | None) -> str:
    """What is understood of the sentence when the session dies so long after its beginning."""
    pcm = await speak(SENTENCE)
    async with SpokenCall(system, echo_agent()) as call:
        began = await call.say(pcm)
        if kill_at_s is not None:
            await call.kill(began + kill_at_s)
        reply = await call.reply()
        assert sum(isinstance(event, Restarted) for event in call.events) == (kill_at_s is not None)
        assert [reply.text] == [f"You said: {text}" for text in call.understood]
        return reply.text


async def heard(system: AgentSystem, kill_at_s: float) -> None:
    """The agent's words are heard once and whole when the session dies so long after their beginning."""
    sentences = await told(STORY)
    async with SpokenCall(system, echo_agent(STORY)) as call:
        await call.session.send_text("Tell me the story.")
        await call.kill(await call.first_sound() + kill_at_s)
        reply = await call.reply()
        assert any(isinstance(event, Restarted) for event in call.events)
        assert reply.text == texts((await call.session.info()).history)[-1] == STORY
        assert samples_of([pushed for _, pushed in call.heard], reply.speech_id) == b"".join(sentences)
        assert repeated_s([pushed for _, pushed in call.heard]) == 0
        assert repeated_s(call.raw) <= MARK_S + CHUNK_S


async def with_a_system(folder: Path, *work: Callable[[AgentSystem], Awaitable[Any]], preload: bool = True) -> list[Any]:
    """Do the work at once, in one system."""
    async with AgentSystem.start(WorkerOptions(partitions=1, journal_dir=folder, preload=preload)) as system:
        return await asyncio.gather(*(each(system) for each in work))


def test_killed_in_the_middle_of_a_sentence_no_word_is_lost_on_either_side(tmp_path: Path) -> None:
    async def work() -> None:
        caller_s = len(await speak(SENTENCE)) / BYTES_PER_SAMPLE / VOICE_HZ
        border_s = len((await told(STORY))[0]) / BYTES_PER_SAMPLE / VOICE_HZ
        *answers, _, _ = await with_a_system(
            tmp_path,
            *(lambda system, at=at: spoken(system, at) for at in (None, caller_s / 2, caller_s + 0.4)),
            *(lambda system, at=at: heard(system, at) for at in (border_s / 2, border_s)),
        )
        assert [lacks(words(answer), words(SENTENCE)) for answer in answers] == [[], [], []], answers

    asyncio.run(work())


async def holders(system: AgentSystem) -> dict[str, int]:
    """Who has memory that outlives a process: open, mapped, or both, by name with the process id."""
    found = {}
    for node in (await system.tree()).walk():
        if any(MEMORY in link for link in (*procfs.open_links(node.os_pid), *procfs.mapped_files(node.os_pid))):
            found[node.name] = node.os_pid
    return found


def test_the_memory_outside_a_calls_process_goes_with_the_call(tmp_path: Path) -> None:
    async def look(system: AgentSystem) -> None:
        before = set(await holders(system))
        session = await system.start_session(Agent.text(instructions="Wait."))
        first = await holders(system)
        job, own = f"job/{session.call_id}", f"agent_session/{session.call_id}"
        assert set(first) - before == {job, own, f"job_context/{session.call_id}"}, "the last lives in the process of the first"
        os.kill(first[own], signal.SIGKILL)
        await session.wait_for(Restarted)
        second = await holders(system)
        assert set(second) == set(first)
        assert second[job] == first[job]
        deaths = [death_of(second[job]), death_of(second[own])]
        await session.end()
        await asyncio.gather(*deaths)
        assert set(await holders(system)) == before

    asyncio.run(with_a_system(tmp_path, look, preload=False))
