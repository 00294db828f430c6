"""Tools of the session are there for each agent; an agent's of the same name goes first."""

from fakes import FakeLLM, call, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


@function_tool
async def time_of_day() -> str:
    """Tell the time."""
    return "noon"


class First(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are the first.")

    @function_tool
    async def go_on(self) -> Agent:
        """Go on."""
        return Second()


class Second(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are the second.")

    @function_tool
    async def look(self) -> str:
        """Look."""
        return "seen"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"time": call("time_of_day"), "noon": "It is noon.", "go on": call("go_on"), "look": call("look"), "seen": "I see."}
    await AgentSession(llm=FakeLLM(script), tools=[time_of_day]).start(First(), room=ctx.room)


CALLER = [text("time"), text("go on"), text("time"), text("look")]
