"""A tool returns an agent: the call is handed over, the new agent speaks as it enters and has no history of its own."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


class Sales(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You sell.")

    @function_tool
    async def to_support(self) -> Agent:
        """Hand over to support."""
        return Support()


class Support(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You help.")

    async def on_enter(self) -> None:
        note("items of support", [item.type for item in self.chat_ctx.items])
        self.session.generate_reply(instructions="Introduce yourself.")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "it is broken": ["One moment. ", call("to_support")],
        "Introduce yourself.": "This is support.",
        "my screen is dark": "Switch it on.",
    }
    await AgentSession(llm=FakeLLM(script)).start(Sales(), room=ctx.room)


CALLER = [text("it is broken"), text("my screen is dark")]
