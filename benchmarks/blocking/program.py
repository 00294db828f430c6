"""The program whose user code blocks while its agent speaks. The metadata of its job says how, how often, and where to report the times."""

import asyncio
import json
import time
from pathlib import Path

from benchmarks.blocking.blocks import BLOCKS
from livekitex_agent import Agent, AgentServer, AgentSession, JobContext, provider
from livekitex_agent.testing.fakes import scripted_llm, scripted_tts

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    asked = json.loads(ctx.job.metadata)
    block = await asyncio.to_thread(BLOCKS[asked["block"]])
    session = AgentSession(
        llm=provider(scripted_llm, replies=[{"say": "yes"}]), tts=provider(scripted_tts, sound="tone", ms_per_char=asked["ms_per_char"])
    )
    await session.start(Agent(instructions="Be brief."), room=ctx.room)
    session.say("x" * asked["chars"], allow_interruptions=False)
    times = []
    for _ in range(asked["times"]):
        await asyncio.sleep(asked["pause_s"])
        began = time.monotonic()
        block()
        times.append((began, time.monotonic()))
    await asyncio.sleep(asked["pause_s"])
    await asyncio.to_thread(tell, Path(asked["report"]), times)


def tell(report: Path, times: list[tuple[float, float]]) -> None:
    """Write it, at once for who waits for the file."""
    new = report.with_suffix(".new")
    new.write_text(json.dumps(times), "utf-8")
    new.rename(report)
