"""From ``kill -9`` of a call's session to a reply that holds what was said before: ``python -m benchmarks.recovery [--kills 100]``.

Each call has a history of 50 turns and dies four times, which its restart budget allows. ``text`` asks by text. ``speech`` asks by voice,
and is killed as the question ends: the time runs to the first sound of the answer, beside the same question without a kill.
"""

import argparse
import asyncio
import os
import signal
import tempfile
import time

from actors import hibari_tts
from benchmarks.figures import HEADER, bare_fork_ms, row
from livekitex_agent import Agent, AgentSystem, CallHandle, WorkerOptions
from protocols import AgentMessage, AgentSentence
from support.memory_brain import ANSWER, FACT, MEMORY_BRAIN, QUESTION

TURNS = 50
KILLS_PER_CALL = 4
TEXT_AGENT = Agent.text(instructions="Remember.", llm=MEMORY_BRAIN)
VOICE_AGENT = Agent(instructions="Remember.", llm=MEMORY_BRAIN)
CHUNK_S = 0.1
PATIENCE_S = 20.0


async def converse(session: CallHandle, turns: int) -> None:
    """Fill the history: one fact, then small talk."""
    for turn in range(turns):
        await session.send_text(FACT if turn == 0 else f"Small talk number {turn}.")
        await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)


async def kill_and_ask(session: CallHandle) -> float:
    """Milliseconds from the kill to the answer, by text."""
    os_pid = (await session.info()).os_pid
    killed = time.monotonic()
    os.kill(os_pid, signal.SIGKILL)
    await session.send_text(QUESTION)
    await session.wait_for(AgentMessage, lambda event: event.text == ANSWER, timeout_s=PATIENCE_S)
    return (time.monotonic() - killed) * 1000


async def ask_by_voice(session: CallHandle, question: bytes, rate_hz: int, *, kill: bool) -> float:
    """Milliseconds from the end of the spoken question (and the kill) to the first sound of the answer."""
    os_pid = (await session.info()).os_pid
    size = round(CHUNK_S * rate_hz) * 2
    chunks = [question[start : start + size].ljust(size, b"\0") for start in range(0, len(question), size)]
    due = time.monotonic()
    for chunk in chunks:
        await session.stream_audio(chunk, rate_hz)
        due += CHUNK_S
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    ended = time.monotonic()
    if kill:
        os.kill(os_pid, signal.SIGKILL)
    silence = asyncio.ensure_future(stream_silence(session, size, rate_hz))
    audio = session.audio()
    try:
        first = asyncio.ensure_future(anext(audio))
        await session.wait_for(AgentSentence, lambda event: event.text == ANSWER, timeout_s=PATIENCE_S)
        await asyncio.wait_for(first, PATIENCE_S)
        heard = time.monotonic()
        await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)
    finally:
        silence.cancel()
        await audio.aclose()
    return (heard - ended) * 1000


async def stream_silence(session: CallHandle, size: int, rate_hz: int) -> None:
    """Keep the line open."""
    while True:
        await session.stream_audio(bytes(size), rate_hz)
        await asyncio.sleep(CHUNK_S)


async def speak(text: str) -> tuple[bytes, int]:
    """The question as another voice says it."""
    tts = hibari_tts({"pitch": 0.85})
    return b"".join([chunk.pcm async for chunk in tts.synthesize(text)]), tts.rate_hz


async def main(kills: int) -> None:
    """Measure and print."""
    question, rate_hz = await speak(QUESTION)
    by_text, by_voice, without = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        async with AgentSystem.start(WorkerOptions(partitions=1, journal_dir=folder, log_level="error")) as system:
            for _ in range(0, kills, KILLS_PER_CALL):
                session = await system.start_session(TEXT_AGENT)
                await converse(session, TURNS)
                by_text += [await kill_and_ask(session) for _ in range(KILLS_PER_CALL)]
                await session.end()
            for _ in range(0, kills, KILLS_PER_CALL):
                session = await system.start_session(VOICE_AGENT)
                await session.send_text(FACT)
                await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)
                without.append(await ask_by_voice(session, question, rate_hz, kill=False))
                by_voice += [await ask_by_voice(session, question, rate_hz, kill=True) for _ in range(KILLS_PER_CALL)]
                await session.end()
    print(HEADER)
    print(row("bare fork and exit", bare_fork_ms()))
    print(row("text: kill to the answer with the earlier fact", by_text))
    print(row("speech: end of question to first sound, no kill", without))
    print(row("speech: the same, killed as the question ended", by_voice))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    asyncio.run(main(parser.parse_args().kills))
