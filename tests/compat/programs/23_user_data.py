"""User data is shared by agents, tools and callbacks."""

from dataclasses import dataclass, field

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, RunContext, function_tool

server = AgentServer()


@dataclass
class Order:
    items: list[str] = field(default_factory=list)
    paid: bool = False


class Waiter(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You take orders.")

    @function_tool
    async def add(self, ctx: RunContext[Order], product: str) -> str:
        """Add something."""
        ctx.userdata.items.append(product)
        return f"{len(ctx.userdata.items)} in the order"

    @function_tool
    async def to_cashier(self, ctx: RunContext[Order]) -> Agent:
        """Go to the cashier."""
        return Cashier()


class Cashier(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You take money.")

    async def on_enter(self) -> None:
        order: Order = self.session.userdata
        order.paid = True
        await self.session.say(f"You pay for {', '.join(order.items)}.")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "pizza": call("add", product="pizza"),
        "1 in the order": "One.",
        "salad": call("add", product="salad"),
        "2 in the order": "Two.",
        "pay": call("to_cashier"),
    }
    session = AgentSession[Order](llm=FakeLLM(script), userdata=Order())
    session.on("close", lambda _: note(session.userdata.items, session.userdata.paid))
    await session.start(Waiter(), room=ctx.room)


CALLER = [text("pizza"), text("salad"), text("pay")]
