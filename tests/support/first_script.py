"""The first script of a user, with everything of his own in it: a brain, a tool, and an agent made of them. Run in odd circumstances.

Its arguments name what it does besides: ``busy`` uses what starters use, ``sync`` calls the twin that blocks inside a running loop.
"""

import asyncio
import multiprocessing
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from livekitex_agent import (
    Agent,
    AgentMessage,
    AgentSystem,
    UsageError,
    WorkerOptions,
    provider,
    sync,
)
from livekitex_agent.providers.contracts import CallDelta, ChatContext, FunctionCallOutput, TextDelta, ToolSchema

OPTIONS = WorkerOptions(preload=False, partitions=1)
LINE = "Zwei Stück Käse, bitte"


class Brain:
    """Asks the first tool about every line."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.politeness = str(options["politeness"])

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema]) -> AsyncIterator[TextDelta | CallDelta]:
        last = context.items[-1]
        if isinstance(last, FunctionCallOutput):
            yield TextDelta(text=f"{last.output}, {self.politeness}.")
        else:
            yield CallDelta(call_id=f"call-{len(context)}", name=tools[0].name, arguments="{}")


def price() -> str:
    """Tell the price."""
    return f"Nine dollars{'' if __debug__ else ' without asserts'}"


def agent() -> Agent:
    return Agent.text(instructions="Sell.", greeting="Grüß Gott!", tools=[price], llm=provider(Brain, politeness="please"))


async def main() -> None:
    seller = agent()
    async with AgentSystem.start(OPTIONS) as system:
        session = await system.start_session(seller)
        await session.send_text(LINE)
        print((await session.wait_for(AgentMessage, lambda reply: "dollars" in reply.text)).text)
        try:
            await session.stream_audio(bytes(320), 16_000)
        except UsageError as failure:
            print(failure)


async def sync_in_a_loop() -> None:
    with sync.AgentSystem.start(OPTIONS) as system:
        session = system.start_session(agent())
        session.send_text(LINE)
        print(session.wait_for(AgentMessage, lambda reply: "dollars" in reply.text).text)


def be_busy() -> None:
    """Eight threads at work, a pool of processes, a database, arrays, another event loop; with ``room`` also uvloop and a used room."""
    import numpy as np

    never = threading.Event()
    for _ in range(8):
        threading.Thread(target=lambda: all(iter(lambda: not never.wait(0.001), False)), daemon=True).start()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(len, ["a"] * 9)) == [1] * 9
    with multiprocessing.get_context("spawn").Pool(1) as processes:
        assert processes.map(abs, [-1]) == [1]
    assert float((np.ones((300, 300)) @ np.ones((300, 300))).sum()) > 0
    sqlite3.connect(":memory:").execute("SELECT 1").close()
    asyncio.run(asyncio.sleep(0))
    if "room" in sys.argv:
        import uvloop
        from livekit import rtc

        async def use_a_room() -> None:
            room = rtc.Room()
            source = rtc.AudioSource(24_000, 1)
            rtc.LocalAudioTrack.create_audio_track("mic", source)
            await source.capture_frame(rtc.AudioFrame.create(24_000, 1, 240))
            try:
                await asyncio.wait_for(room.connect("ws://127.0.0.1:9", "no token"), 1)
            except (rtc.ConnectError, TimeoutError):
                await room.disconnect()

        asyncio.run(use_a_room())
        uvloop.install()


if __name__ == "__main__":
    if "busy" in sys.argv:
        be_busy()
    asyncio.run(sync_in_a_loop() if "sync" in sys.argv else main())
