"""A tool awaits a task, and its result becomes the tool's output."""

from fakes import FakeLLM, call, note, noted, text
from livekit.agents import Agent, AgentServer, AgentSession, AgentTask, JobContext, RunContext, function_tool

server = AgentServer()


class Confirm(AgentTask[bool]):
    def __init__(self) -> None:
        super().__init__(instructions="Ask whether it is right.")

    async def on_enter(self) -> None:
        await self.session.generate_reply(instructions="Ask it.")
        note("asked")

    @function_tool
    async def answer(self, yes: bool) -> None:
        """Keep the answer."""
        self.complete(yes)


class Bank(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a bank.")

    @function_tool
    async def transfer(self, ctx: RunContext, amount: int) -> str:
        """Transfer money."""
        confirmed = await Confirm()
        note("confirmed", confirmed, type(self.session.current_agent).__name__)
        return "transferred" if confirmed else "refused"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "send ten": call("transfer", amount=10),
        "Ask it.": "Is that right?",
        "yes": call("answer", yes=True),
        "transferred": "The money is on its way.",
        "thanks": "You are welcome.",
    }
    await AgentSession(llm=FakeLLM(script)).start(Bank(), room=ctx.room)


CALLER = [text("send ten", wait=False), noted("asked"), text("yes"), text("thanks")]
