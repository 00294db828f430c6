"""What a caller hears when a service misbehaves: ``python -m benchmarks.misbehaving_services [--at-once 6]``.

Each way to misbehave, for recogniser, model and voice in turn: a real call of its own, in which the caller speaks while one service does
nothing else. Printed is what the agent then said, and how long after the caller's last word. Then the service is well again, and the
caller says something else. Exits with 1 if that is not answered, or if anything took longer than `PROMISE_S`.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from livekitex_agent import Agent, AgentMessage, AgentSystem, CallHandle, LivekitexError, WorkerOptions, provider
from livekitex_agent.providers import openai
from livekitex_agent.testing.fakes import scripted_vad, spoken
from livekitex_agent.testing.openai_server import Answer, Cut, Hold, OpenAIServer, Reply, audio, chat_answer, error, json_answer, page

PROMISE_S: Final = 60.0
CHUNK_S, RATE_HZ = 0.05, 16_000
LINE, NEXT_LINE = "hello there are you at home today", "are you still there"
GOOD: Final = {
    "transcriptions": json_answer({"text": LINE}),
    "chat": chat_answer(Reply.of("One two three four five six seven.")),
    "speech": audio(spoken("One two three four five six seven.", 24_000), pieces=4),
}
WAYS: Final[Mapping[str, Callable[[str], Answer]]] = {
    "refuses the key": lambda _route: error(401, code="invalid_api_key"),
    "429, come back in 0.2 s": lambda _route: error(429, retry_after="0.2"),
    "429, come back in an hour": lambda _route: error(429, retry_after="3600"),
    "500": lambda _route: error(500),
    "a page of HTML": lambda _route: page(),
    "wrong JSON": lambda _route: Answer(content_type="application/json", body=(b'{"text": ',)),
    "closes the connection": lambda _route: Answer(before=(Cut(),)),
    "cut in the middle": lambda route: GOOD[route].cut(after=len(GOOD[route].body) // 2),
    "silent": lambda _route: Answer(before=(Hold(),)),
    "silent in the middle": lambda route: GOOD[route].held(after=len(GOOD[route].body) // 2),
}


async def speak(session: CallHandle, text: str) -> None:
    """Say ``text`` as the caller, in real time, and then nothing for a second."""
    pcm, size = spoken(text, RATE_HZ, pause_s=1.0), int(CHUNK_S * RATE_HZ) * 2
    for at in range(0, len(pcm), size):
        await session.stream_audio(pcm[at : at + size], RATE_HZ)
        await asyncio.sleep(CHUNK_S)


async def said(answer: Awaitable[AgentMessage]) -> tuple[str, float]:
    """What the agent says, and after how many seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        text = (await answer).text
    except LivekitexError as failure:
        text = f"({failure})"
    return text, loop.time() - began


async def call(system: AgentSystem, route: str, way: str) -> tuple[str, float, str]:
    """One call: what was said, after how long, and to the next line."""
    with OpenAIServer() as server:
        server.always(route, WAYS[way](route))
        agent = Agent(
            instructions="Repeat.",
            vad=provider(scripted_vad),
            stt=provider(openai.STT, base_url=server.base_url),
            llm=provider(openai.LLM, base_url=server.base_url, model="loopback"),
            tts=provider(openai.TTS, base_url=server.base_url, model="loopback"),
        )
        session = await system.start_session(agent)
        await speak(session, LINE)
        heard, after_s = await said(session.wait_for(AgentMessage, timeout_s=PROMISE_S))
        server.always(route, None)
        await session.send_text(NEXT_LINE)
        again, _ = await said(session.wait_for(AgentMessage, lambda message: NEXT_LINE in message.text, timeout_s=PROMISE_S))
        await session.end()
    return heard, after_s, again


async def main(at_once: int) -> int:
    """Try and print."""
    broken = 0
    limit = asyncio.Semaphore(at_once)

    async def one(system: AgentSystem, route: str, way: str) -> str:
        nonlocal broken
        async with limit:
            heard, after_s, again = await call(system, route, way)
        well = NEXT_LINE in again and after_s < PROMISE_S
        broken += not well
        return f"{route:<15} {way:<27} {after_s:>5.1f} s  {heard[:60] or '(nothing more)':<60}  {'goes on' if well else again}"

    with tempfile.TemporaryDirectory() as folder:
        async with AgentSystem.start(WorkerOptions(partitions=1, journal_dir=folder, log_level="error")) as system:
            lines = await asyncio.gather(*(one(system, route, way) for route in GOOD for way in WAYS))
    print("\n".join(lines))
    print(f"{len(lines) - broken} of {len(lines)} calls went on")
    return int(bool(broken))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, default=6)
    sys.exit(asyncio.run(main(parser.parse_args().at_once)))
