"""A tool that must not be interrupted, and a speech that cannot be."""

import asyncio

from fakes import FakeLLM, FakeTTS, call, do, note, noted, pause, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, RunContext, function_tool

server = AgentServer()


@function_tool
async def pay(ctx: RunContext) -> str:
    """Pay."""
    ctx.disallow_interruptions()
    note("paying")
    await asyncio.sleep(0.5)
    return "paid"


def try_to_interrupt(session: AgentSession) -> None:
    try:
        session.interrupt()
    except RuntimeError:
        note("refused")
    else:
        note("interrupted")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"pay": call("pay"), "paid": "It is paid."}), tts=FakeTTS())
    await session.start(Agent(instructions="Pay.", tools=[pay]), room=ctx.room)
    handle = session.say("This must be heard to the end.", allow_interruptions=False)
    try:
        handle.interrupt()
    except RuntimeError:
        note("not to be interrupted")
    await handle
    note(handle.interrupted)


AUDIO = True
CALLER = [text("pay", wait=False), noted("paying"), pause(0.1), do(try_to_interrupt)]
