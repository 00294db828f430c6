"""Tools that fail: a ToolError's words go to the model, other errors do not, nor do wrong arguments or unknown names stop the call."""

from fakes import FakeLLM, call, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, ToolError, function_tool

server = AgentServer()


@function_tool
async def told(reason: str) -> str:
    """Fails with words for the model."""
    raise ToolError(f"not possible: {reason}")


@function_tool
async def crashes() -> str:
    """Fails."""
    raise ValueError("a secret")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "one": call("told", reason="closed"),
        "not possible: closed": "It is closed.",
        "two": call("crashes"),
        "An internal error occurred": "Something went wrong.",
        "three": call("told", wrong=1),
        "four": call("missing"),
    }
    session = AgentSession(llm=FakeLLM(script))
    await session.start(Agent(instructions="Fail.", tools=[told, crashes]), room=ctx.room)


CALLER = [text("one"), text("two"), text("three"), text("four")]
