"""A long tool tells how far it is with ctx.update: the call goes on meanwhile, and its result is told when it is there."""

import asyncio

from fakes import FakeLLM, call, note, noted, text, until
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, RunContext, function_tool

server = AgentServer()


class Traveller(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You book.")

    @function_tool
    async def book(self, ctx: RunContext, place: str) -> str:
        """Book a journey."""
        await ctx.update(f"looking for flights to {place}")
        note("told")
        await asyncio.sleep(0.3)
        note("found")
        return "booked"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"rome": call("book", place="Rome"), "and the weather": "Sunny."}
    await AgentSession(llm=FakeLLM(script)).start(Traveller(), room=ctx.room)


CALLER = [
    text("rome"),
    text("and the weather"),
    noted("found"),
    until("tool_execution_updated", update__type="tool_reply_updated", update__status="completed"),
    text("and the weather"),
]
