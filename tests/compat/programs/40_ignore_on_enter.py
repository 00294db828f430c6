"""A tool with IGNORE_ON_ENTER is not offered for what on_enter says."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool
from livekit.agents.llm import ToolFlag

server = AgentServer()


class Host(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a host.")

    async def on_enter(self) -> None:
        await self.session.generate_reply(instructions="Greet.")

    @function_tool(flags=ToolFlag.IGNORE_ON_ENTER)
    async def hang_up(self) -> str:
        """Hang up."""
        note("hung up")
        return "hung up"

    @function_tool
    async def look(self) -> str:
        """Look."""
        return "seen"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"Greet.": "Hello!", "bye": call("hang_up"), "hung up": "Bye."}
    await AgentSession(llm=FakeLLM(script)).start(Host(), room=ctx.room)


CALLER = [text("bye")]
