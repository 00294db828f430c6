"""A model that calls tools without end is stopped after max_tool_steps."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


@function_tool
async def again(n: int) -> str:
    """Again."""
    note("again", n)
    return f"again {n}"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"go": call("again", n=0), **{f"again {n}": call("again", n=n + 1) for n in range(9)}, "enough": "Enough."}
    session = AgentSession(llm=FakeLLM(script), max_tool_steps=2)
    await session.start(Agent(instructions="Again.", tools=[again]), room=ctx.room)


CALLER = [text("go"), text("enough")]
