"""An agent has a model of its own, which goes before the session's."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


class First(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are the first.")

    @function_tool
    async def go_on(self) -> Agent:
        """Go on."""
        return Second()


class Second(Agent):
    def __init__(self) -> None:
        super().__init__(
            instructions="You are the second.", llm=FakeLLM({"hello": "Hello from the other model.", "Say so.": "I have another."})
        )

    async def on_enter(self) -> None:
        note(self.llm is not self.session.llm)
        await self.session.generate_reply(instructions="Say so.")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    await AgentSession(llm=FakeLLM({"hello": "Hello from the session's.", "go on": call("go_on")})).start(First(), room=ctx.room)


CALLER = [text("hello"), text("go on"), text("hello")]
