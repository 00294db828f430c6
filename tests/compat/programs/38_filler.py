"""While a tool takes long, fillers are said."""

import asyncio

from fakes import FakeLLM, call, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, RunContext, function_tool

server = AgentServer()


@function_tool
async def search(ctx: RunContext, what: str) -> str:
    """Search."""
    async with ctx.with_filler("Still looking.", delay=0.1):
        await asyncio.sleep(0.35)
    return f"found {what}"


@function_tool
async def search_more(ctx: RunContext) -> str:
    """Search more."""
    async with ctx.with_filler(lambda step: f"Step {step}.", delay=0.05, interval=0.1, max_steps=2):
        await asyncio.sleep(0.5)
    return "found more"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"keys": call("search", what="keys"), "found keys": "Here.", "more": call("search_more"), "found more": "There."}
    await AgentSession(llm=FakeLLM(script)).start(Agent(instructions="Search.", tools=[search, search_more]), room=ctx.room)


CALLER = [text("keys"), text("more")]
