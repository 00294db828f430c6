"""A tool raises StopResponse, and one returns a ToolResult that asks for no reply: nothing is said."""

from fakes import FakeLLM, call, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, StopResponse, ToolResult, function_tool

server = AgentServer()


@function_tool
async def be_silent() -> None:
    """Say nothing."""
    raise StopResponse


@function_tool
async def note_it(thing: str) -> ToolResult:
    """Note something without a word."""
    return ToolResult(f"{thing} noted", reply_required=False)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"silence": call("be_silent"), "note milk": call("note_it", thing="milk"), "hello": "Hello."}
    await AgentSession(llm=FakeLLM(script)).start(Agent(instructions="Be silent.", tools=[be_silent, note_it]), room=ctx.room)


CALLER = [text("silence"), text("note milk"), text("hello")]
