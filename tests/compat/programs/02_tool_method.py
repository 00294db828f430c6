"""A tool is a method of the agent: it gets the run's context, and its output is answered."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, RunContext, function_tool

server = AgentServer()


class Waiter(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You take orders.")
        self.ordered: list[str] = []

    @function_tool
    async def add(self, ctx: RunContext, product: str, count: int) -> str:
        """Add something to the order.

        Args:
            product: What is wanted.
            count: How many.
        """
        self.ordered.append(product)
        note("add", product, count, ctx.function_call.name, ctx.session.current_agent is self, ctx.speech_handle.done())
        return f"{count} {product} added"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "two pizzas please": ["Let me see. ", call("add", product="pizza", count=2)],
        "2 pizza added": "Two pizzas, noted.",
        "that is all": "See you soon.",
    }
    await AgentSession(llm=FakeLLM(script)).start(Waiter(), room=ctx.room)


CALLER = [text("two pizzas please"), text("that is all")]
