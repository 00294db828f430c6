"""Toolsets: their tools are offered, they are set up and closed; nested ones too."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool, llm

server = AgentServer()


class Lamps(llm.Toolset):
    def __init__(self) -> None:
        super().__init__(id="lamps")
        self.on = 0

    async def setup(self) -> "Lamps":
        note("setup")
        return await super().setup()

    async def aclose(self) -> None:
        note("aclose", self.on)
        await super().aclose()

    @function_tool
    async def switch_on(self, number: int) -> str:
        """Switch a lamp on."""
        self.on += 1
        return f"lamp {number} is on"


@function_tool
async def ring() -> str:
    """Ring the bell."""
    return "rung"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"light": call("switch_on", number=3), "lamp 3 is on": "Lit.", "ring": call("ring"), "rung": "Ding."}
    home = llm.Toolset(id="home", tools=[Lamps(), ring])
    session = AgentSession(llm=FakeLLM(script))
    agent = Agent(instructions="You are a house.", tools=[home])
    note([tool.id for tool in agent.tools])
    await session.start(agent, room=ctx.room)


CALLER = [text("light"), text("ring")]
