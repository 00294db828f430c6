"""generate_reply with instructions, user input, a tool choice, a choice of tools."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


@function_tool
async def look() -> str:
    """Look."""
    return "seen"


@function_tool
async def listen() -> str:
    """Listen."""
    return "heard"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "Say hello.": "Hello.",
        "Be exact.": "A tree.",
        "Look now.": call("look"),
        "seen": "I see it.",
        "Only listen.": "I listen.",
        "anything else": "No.",
    }
    session = AgentSession(llm=FakeLLM(script))
    await session.start(Agent(instructions="Perceive.", tools=[look, listen]), room=ctx.room)
    await session.generate_reply(instructions="Say hello.")
    await session.generate_reply(user_input="what is there", instructions="Be exact.", tool_choice="none")
    await session.generate_reply(instructions="Look now.", tool_choice={"type": "function", "function": {"name": "look"}})
    handle = session.generate_reply(instructions="Only listen.", tools=["listen"], allow_interruptions=False)
    note(handle.allow_interruptions)
    await handle


CALLER = [text("anything else")]
