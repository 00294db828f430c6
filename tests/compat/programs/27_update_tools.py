"""The tools are changed in the call."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


@function_tool
async def pay() -> str:
    """Pay."""
    return "paid"


class Shop(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You sell.")

    @function_tool
    async def log_in(self) -> str:
        """Log in."""
        await self.update_tools([*self.tools, pay])
        note(sorted(tool.id for tool in self.tools))
        return "logged in"

    @function_tool
    async def log_out(self) -> str:
        """Log out."""
        await self.update_tools([tool for tool in self.tools if tool.id != "pay"])
        return "logged out"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "log in": call("log_in"),
        "logged in": "Welcome.",
        "pay": call("pay"),
        "paid": "Thank you.",
        "log out": call("log_out"),
        "logged out": "Bye.",
        "hello": "Hello.",
    }
    await AgentSession(llm=FakeLLM(script)).start(Shop(), room=ctx.room)


CALLER = [text("log in"), text("pay"), text("log out"), text("hello")]
