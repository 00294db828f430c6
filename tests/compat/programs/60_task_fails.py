"""A task ends with an exception, which its caller gets; another is cancelled."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, AgentTask, JobContext, ToolError, function_tool

server = AgentServer()


class AskAge(AgentTask[int]):
    def __init__(self) -> None:
        super().__init__(instructions="Ask for the age.")

    async def on_enter(self) -> None:
        await self.session.generate_reply(instructions="Ask the age.")

    @function_tool
    async def refuse(self, reason: str) -> None:
        """He does not tell."""
        self.complete(ToolError(f"refused: {reason}"))


class Host(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a host.")

    async def on_enter(self) -> None:
        try:
            await AskAge()
        except ToolError as error:
            note("failed", error.message)
        await self.session.say("Never mind.")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"Ask the age.": "Your age?", "no": call("refuse", reason="private"), "hello": "Hello."}
    await AgentSession(llm=FakeLLM(script)).start(Host(), room=ctx.room)


CALLER = [text("no"), text("hello")]
