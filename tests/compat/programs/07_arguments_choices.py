"""A tool's arguments are literals and enumerations."""

from enum import Enum
from typing import Literal

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Waiter(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You take orders.")

    @function_tool
    async def order(self, product: Literal["pizza", "salad"], size: Size, second: Size | None = None) -> str:
        """Order something."""
        note(product, str(size), str(second), isinstance(size, Size))
        return f"{product} {size.value}"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "a large pizza": call("order", product="pizza", size="large"),
        "pizza large": "A large pizza.",
        "a small salad": call("order", product="salad", size="small", second="large"),
        "salad small": "A small salad.",
    }
    await AgentSession(llm=FakeLLM(script)).start(Waiter(), room=ctx.room)


CALLER = [text("a large pizza"), text("a small salad")]
