"""An agent awaits a task as it enters; the task collects something and gives its result."""

from dataclasses import dataclass

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, AgentTask, JobContext, function_tool

server = AgentServer()


@dataclass
class Name:
    first: str


class AskName(AgentTask[Name]):
    def __init__(self) -> None:
        super().__init__(instructions="Ask for the name.")

    async def on_enter(self) -> None:
        await self.session.generate_reply(instructions="Ask it.")

    async def on_exit(self) -> None:
        note("task exits")

    @function_tool
    async def keep(self, first: str) -> None:
        """Keep the name."""
        self.complete(Name(first))


class Host(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a host.")

    async def on_enter(self) -> None:
        result = await AskName()
        note("name", result.first, type(self.session.current_agent).__name__, [item.type for item in self.chat_ctx.items])
        await self.session.say(f"Welcome, {result.first}.")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"Ask it.": "What is your name?", "ada": call("keep", first="Ada"), "hi": "Hi."}
    await AgentSession(llm=FakeLLM(script)).start(Host(), room=ctx.room)


CALLER = [text("ada"), text("hi")]
