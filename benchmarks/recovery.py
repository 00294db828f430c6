"""From ``kill -9`` of a call's session to a reply that holds what was said before: ``python -m benchmarks.recovery [--kills 100]``.

Each call has a history of 50 turns and dies four times, which its restart budget allows. ``text`` asks by text. ``speech`` asks by voice,
and is killed as the question ends: the time runs to the first sound of the answer, beside the same question without a kill.
``--turns 5 500 5000`` asks by text only, after so many turns. Below each ``text`` stands where its time goes: what lies before each stage,
by stamps that the session writes down (`support.timed_session`).
"""

import argparse
import asyncio
import os
import signal
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from actors import hibari_tts
from benchmarks.figures import HEADER, bare_fork_ms, row
from livekitex_agent import Agent, AgentSystem, CallHandle, WorkerOptions
from protocols import AgentMessage, AgentSentence
from support.memory_brain import ANSWER, FACT, MEMORY_BRAIN, QUESTION
from support.timed_session import STAGES, STAMPS, timed_root

TURNS = 50
FACT_BEFORE = 50
"""Turns before the last, for history keeps the newest only."""
RUN = "run"
ANSWERED = "answered"
KILLS_PER_CALL = 4
TEXT_AGENT = Agent.text(instructions="Remember.", llm=MEMORY_BRAIN)
VOICE_AGENT = Agent(instructions="Remember.", llm=MEMORY_BRAIN)
CHUNK_S = 0.1
PATIENCE_S = 20.0


async def converse(session: CallHandle, turns: int) -> None:
    """Fill the history: small talk, and one fact."""
    for turn in range(turns):
        await session.send_text(FACT if turn == max(0, turns - FACT_BEFORE) else f"Small talk number {turn}.")
        await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)


async def kill_and_ask(session: CallHandle) -> tuple[float, float]:
    """When it was killed and when the answer by text was there, in monotonic seconds."""
    os_pid = (await session.info()).os_pid
    killed = time.monotonic()
    os.kill(os_pid, signal.SIGKILL)
    await session.send_text(QUESTION)
    await session.wait_for(AgentMessage, lambda event: event.text == ANSWER, timeout_s=PATIENCE_S)
    return killed, time.monotonic()


async def ask_by_voice(session: CallHandle, question: bytes, rate_hz: int, *, kill: bool, patience_s: float = PATIENCE_S) -> float:
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
        await session.wait_for(AgentSentence, lambda event: event.text == ANSWER, timeout_s=patience_s)
        await asyncio.wait_for(first, patience_s)
        heard = time.monotonic()
        await session.wait_for(AgentMessage, timeout_s=patience_s)
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


async def by_text(folder: Path, turns: int, kills: int) -> tuple[list[float], dict[str, list[float]]]:
    """Milliseconds from each kill to the answer, and those before each stage."""
    os.environ[STAMPS] = str(folder / "stamps")
    options = WorkerOptions(partitions=1, journal_dir=folder / "calls", log_level="error")
    took, stages = list[float](), defaultdict[str, list[float]](list)
    async with AgentSystem.start(options, root=timed_root(options)) as system:
        system.run_id = RUN
        for _ in range(0, kills, KILLS_PER_CALL):
            session = await system.start_session(TEXT_AGENT)
            await converse(session, turns)
            for _ in range(KILLS_PER_CALL):
                killed, answered = await kill_and_ask(session)
                took.append((answered - killed) * 1000)
                for stage, spent in time_spent(folder / "stamps", killed, answered).items():
                    stages[stage].append(spent)
            await session.end()
    del os.environ[STAMPS]
    return took, stages


def time_spent(stamps: Path, began: float, ended: float) -> dict[str, float]:
    """Milliseconds before each stage that was reached in this time."""
    reached = dict[str, float]()
    for line in stamps.read_text("ascii").splitlines():
        stage, at = line.split()
        if began <= float(at) <= ended:
            reached.setdefault(stage, float(at))
    reached[ANSWERED] = ended
    times = sorted(reached.items(), key=lambda item: item[1])
    return {stage: (at - before) * 1000 for (stage, at), before in zip(times, [began, *(at for _, at in times)], strict=False)}


async def by_voice(folder: Path, kills: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the end of a question to the first sound of its answer, without a kill and with one."""
    question, rate_hz = await speak(QUESTION)
    without, killed = list[float](), list[float]()
    async with AgentSystem.start(WorkerOptions(partitions=1, journal_dir=folder / "calls", log_level="error")) as system:
        for _ in range(0, kills, KILLS_PER_CALL):
            session = await system.start_session(VOICE_AGENT)
            await session.send_text(FACT)
            await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)
            without.append(await ask_by_voice(session, question, rate_hz, kill=False))
            killed += [await ask_by_voice(session, question, rate_hz, kill=True) for _ in range(KILLS_PER_CALL)]
            await session.end()
    return without, killed


async def main(kills: int, turns: list[int]) -> None:
    """Measure and print."""
    print(HEADER)
    print(row("bare fork and exit", bare_fork_ms()))
    for number in turns or [TURNS]:
        with tempfile.TemporaryDirectory() as folder:
            took, stages = await by_text(Path(folder), number, kills)
        print(row(f"text: kill to the answer with the fact, {number} turns", took))
        for stage, what in (*STAGES, (ANSWERED, "the model answers, and the script hears it")):
            if stages[stage]:
                print(row(f"  {what}", stages[stage]), flush=True)
    if not turns:
        with tempfile.TemporaryDirectory() as folder:
            without, killed = await by_voice(Path(folder), kills)
        print(row("speech: end of question to first sound, no kill", without))
        print(row("speech: the same, killed as the question ended", killed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--turns", type=int, nargs="+", default=[])
    asyncio.run(main(**vars(parser.parse_args())))
