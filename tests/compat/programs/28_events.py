"""Callbacks of session.on, of several kinds; off and once."""

from fakes import FakeLLM, FakeTTS, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


@function_tool
async def look() -> str:
    """Look."""
    return "seen"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"hello": "Hello.", "look": call("look"), "seen": "I see it."}), tts=FakeTTS())

    def states(event: object) -> None:
        note("state", event.old_state, event.new_state, type(event).__name__, event.type)

    session.on("agent_state_changed", states)

    @session.on("function_tools_executed")
    def tools(event: object) -> None:
        note("tools", [call.name for call, _ in event.zipped()], [output.output for _, output in event.zipped()])
        session.off("agent_state_changed", states)

    @session.on("speech_created")
    def speech(event: object) -> None:
        note("speech", event.source, event.user_initiated, event.speech_handle.id.startswith("speech_"))

    session.once("conversation_item_added", lambda event: note("first item", event.item.type))
    await session.start(Agent(instructions="Look.", tools=[look]), room=ctx.room)


AUDIO = True
CALLER = [text("hello"), text("look")]
