"""``python -m benchmarks.offline_voice [CALLS]``: what an offline voice costs, in memory and until it answers.

Three kinds of process are compared: one that starts cold and loads the models itself, one forked from a preloaded process, and a bare
fork, which is the floor of anything that forks. Each answers one spoken question: voice activity, the end of the turn, recognition,
rules, and the first audio of the reply.
Memory: RSS is what the process sees, PSS divides shared pages by those who share them, private is what this process alone costs.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from actors import prepare_libraries

prepare_libraries()  # before anything loads numpy
from protocols import SESSION_RATE_HZ, AudioChunk, ChatContext, ChatOptions, OpenTurn, Role, SystemClock, TextDelta  # noqa: E402

QUESTION = "What is the price of a pizza?"
RULES = {"intents": [{"name": "price", "examples": [QUESTION], "say": "The pizza is ten dollars. Would you like to order?"}]}
CLOCK = SystemClock()
COLD_CALLS = 5
Figures = dict[str, float]


async def first_audio(question: bytes) -> None:
    """Answer ``question`` up to the first audio of the reply."""
    from actors import hibari_tts, moonshine_stt, rule_llm
    from actors.providers.smart_turn import smart_turn
    from actors.providers.vad import silero

    vad, stt, llm, tts = silero({}).stream(), moonshine_stt({}), rule_llm(RULES), hibari_tts({})
    for at in range(0, len(question), 1024):
        vad.push(AudioChunk(pcm=question[at : at + 1024], rate_hz=SESSION_RATE_HZ))
    await smart_turn({}).predict(OpenTurn(audio=question))
    context = ChatContext().add_message(Role.USER, (await stt.recognize(question)).text)
    reply = "".join([delta.text async for delta in llm.chat(context, (), ChatOptions()) if isinstance(delta, TextDelta)])
    await anext(aiter(tts.synthesize(reply)))


def memory() -> Figures:
    """This process's memory in MB."""
    fields = dict(line.split()[:2] for line in Path("/proc/self/smaps_rollup").read_text("utf-8").splitlines()[1:])
    private = sum(int(fields[name]) for name in ("Private_Clean:", "Private_Dirty:"))
    return {"rss": int(fields["Rss:"]) / 1024, "pss": int(fields["Pss:"]) / 1024, "private": private / 1024}


def cold(question: bytes) -> Figures:
    """The figures of a fresh interpreter that answers."""
    began = CLOCK.monotonic()
    run = subprocess.run([sys.executable, "-m", "benchmarks.offline_voice", "--cold"], input=question, capture_output=True, check=True)
    told = json.loads(run.stdout)
    return {"answer_ms": (told.pop("at") - began) * 1000, **told}


def forked(question: bytes | None) -> Figures:
    """The figures of a child that answers ``question``, or of one that does nothing."""
    reads, writes = os.pipe()
    began = CLOCK.monotonic()
    child = os.fork()
    if child == 0:
        if question is not None:
            asyncio.run(first_audio(question))
        answered = CLOCK.monotonic()
        os.write(writes, json.dumps({"answer_ms": (answered - began) * 1000, **memory()}).encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        told: Figures = json.loads(pipe.read())
    os.waitpid(child, 0)
    return told


def row(name: str, figures: list[Figures]) -> str:
    """One line of the table: medians, and the worst time."""
    middle = {key: statistics.median(each[key] for each in figures) for key in figures[0]}
    times = f"{middle['answer_ms']:8.1f} {max(each['answer_ms'] for each in figures):8.1f}"
    return f"{name:<28} {len(figures):>5} {times} {middle['rss']:8.0f} {middle['pss']:8.0f} {middle['private']:9.1f}"


def main(calls: int) -> None:
    """Measure and print the table."""
    from actors import preload_offline_providers, resample
    from actors.providers.offline.hibari import HibariTTS

    began = CLOCK.monotonic()
    threads = preload_offline_providers()
    preloaded_s = CLOCK.monotonic() - began
    question = resample(b"".join(part.tobytes() for part in HibariTTS().sentences(QUESTION)), 24_000, 16_000)
    parent = memory()
    print(f"preload: {preloaded_s:.2f} s, {threads} library threads, RSS {parent['rss']:.0f} MB")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, a question of {len(question) / 32000:.1f} s")
    print(f"{'process':<28} {'calls':>5} {'ms':>8} {'worst':>8} {'RSS MB':>8} {'PSS MB':>8} {'private':>9}")
    print(row("cold: loads the models", [cold(question) for _ in range(COLD_CALLS)]))
    print(row("forked from a preloaded one", [forked(question) for _ in range(calls)]))
    print(row("bare fork (floor)", [forked(None) for _ in range(calls)]))


def run_cold() -> None:
    """The fresh interpreter: answer the question on standard input, print the figures."""
    asyncio.run(first_audio(sys.stdin.buffer.read()))
    told: dict[str, Any] = {"at": CLOCK.monotonic(), **memory()}
    print(json.dumps(told))


if __name__ == "__main__":
    if sys.argv[1:] == ["--cold"]:
        run_cold()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
