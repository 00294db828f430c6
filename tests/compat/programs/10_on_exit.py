"""An agent's on_exit runs when another follows, and when the session ends."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


class First(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are the first.")

    async def on_enter(self) -> None:
        note("first enters")

    async def on_exit(self) -> None:
        note("first exits", type(self.session.current_agent).__name__)
        await self.session.say("Goodbye from the first.")

    @function_tool
    async def go_on(self) -> Agent:
        """Go on to the second."""
        return Second()


class Second(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are the second.")

    async def on_enter(self) -> None:
        note("second enters")

    async def on_exit(self) -> None:
        note("second exits")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"go on": call("go_on"), "hi": "Hi from the second."}))
    await session.start(First(), room=ctx.room)


CALLER = [text("go on"), text("hi")]
