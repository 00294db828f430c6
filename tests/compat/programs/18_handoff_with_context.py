"""A tool returns an agent and a result; the new agent has the chat so far."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, ChatContext, JobContext, RunContext, function_tool

server = AgentServer()


class Sales(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You sell.")

    @function_tool
    async def to_support(self, ctx: RunContext) -> tuple[Agent, str]:
        """Hand over to support."""
        return Support(self.chat_ctx.copy(exclude_instructions=True)), "handed over"


class Support(Agent):
    def __init__(self, chat_ctx: ChatContext) -> None:
        super().__init__(instructions="You help.", chat_ctx=chat_ctx)

    async def on_enter(self) -> None:
        note("items of support", [item.type for item in self.chat_ctx.items])


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "hello": "Hello.",
        "it is broken": call("to_support"),
        "handed over": "Support is here.",
        "my screen is dark": "Switch it on.",
    }
    await AgentSession(llm=FakeLLM(script)).start(Sales(), room=ctx.room)


CALLER = [text("hello"), text("it is broken"), text("my screen is dark")]
