"""A program in LiveKit Agents' form: a front desk that takes an order and hands the call to the cashier.

Talk to it: `livekitex console examples/front_desk.py --text`. It works offline, by rules that are made from its tools; with a language
model by `--llm openai:MODEL`. Ctrl-K kills the call's process, and the call comes back with its order.
"""

from dataclasses import dataclass, field
from typing import Literal

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext, RunContext, cli, function_tool
from livekitex_agent.providers import offline, silero

PRICES = {"pizza": 9, "salad": 6, "coffee": 3}


@dataclass
class Order:
    """What was ordered; it comes back after a death of the process."""

    products: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Its price in dollars."""
        return sum(PRICES[product] for product in self.products)


class FrontDesk(Agent):
    """Takes the order."""

    def __init__(self) -> None:
        super().__init__(instructions="You take orders at the front desk of a restaurant. Be friendly and brief.")

    async def on_enter(self) -> None:
        """Greet."""
        await self.session.say("Welcome! What would you like?")

    @function_tool
    async def order(self, ctx: RunContext[Order], product: Literal["pizza", "salad", "coffee"]) -> str:
        """Order a product."""
        ctx.userdata.products.append(product)
        return f"I have noted {product}."

    @function_tool
    async def checkout(self) -> tuple[Agent, str]:
        """Checkout: hand the caller to the cashier, who tells what it costs."""
        return Cashier(), "One moment, please."


class Cashier(Agent):
    """Tells what the order costs."""

    def __init__(self) -> None:
        super().__init__(instructions="You are the cashier. You take the money and say goodbye.")

    async def on_enter(self) -> None:
        """Tell the bill."""
        order: Order = self.session.userdata
        await self.session.say(f"That is {', '.join(order.products) or 'nothing'}: {order.total} dollars.")

    @function_tool
    async def pay(self, ctx: RunContext[Order], means: Literal["cash", "card"]) -> str:
        """Pay by some means."""
        ctx.userdata.products.clear()
        return f"Thank you, paid by {means}."


server = AgentServer()


@server.rtc_session(agent_name="front-desk")
async def entrypoint(ctx: JobContext) -> None:
    """Answer one call."""
    session = AgentSession[Order](vad=silero.VAD.load(), stt=offline.STT(), llm=offline.LLM(), tts=offline.TTS(), userdata=Order())
    await session.start(FrontDesk(), room=ctx.room)


if __name__ == "__main__":
    cli.run_app(server)  # python front_desk.py console --text
