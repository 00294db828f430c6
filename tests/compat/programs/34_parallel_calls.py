"""The model calls two tools at once: they run beside each other, and one reply follows."""

import asyncio

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()
both = asyncio.Barrier(2)


@function_tool
async def left(x: int) -> str:
    """Look left."""
    await both.wait()
    await asyncio.sleep(0.03)
    note("left")
    return f"left {x}"


@function_tool
async def right(x: int) -> str:
    """Look right."""
    await both.wait()
    note("right")
    return f"right {x}"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"look": ["Looking. ", call("left", x=1), call("right", x=2)], "left 1": "L", "right 2": "Nothing on both sides."}
    await AgentSession(llm=FakeLLM(script)).start(Agent(instructions="Look.", tools=[left, right]), room=ctx.room)


CALLER = [text("look")]
