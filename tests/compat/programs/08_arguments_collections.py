"""A tool's arguments are lists and dictionaries."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


@function_tool
async def order(products: list[str], counts: list[int]) -> list[str]:
    """Order several things."""
    note(products, counts)
    return [f"{count} {product}" for product, count in zip(products, counts, strict=True)]


@function_tool
async def rate(ratings: dict[str, int]) -> str:
    """Rate dishes."""
    note(ratings)
    return f"best: {max(ratings, key=ratings.__getitem__)}"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "order": call("order", products=["pizza", "salad"], counts=[2, 1]),
        "['2 pizza', '1 salad']": "Ordered.",
        "rate": call("rate", ratings={"pizza": 5, "salad": 3}),
        "best: pizza": "Thanks.",
    }
    await AgentSession(llm=FakeLLM(script)).start(Agent(instructions="Take orders.", tools=[order, rate]), room=ctx.room)


CALLER = [text("order"), text("rate")]
