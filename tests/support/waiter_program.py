"""A program of a waiter, as a user writes one: hooks, tools as methods, hand-offs, user data. What it does it notes in `DONE`."""

from dataclasses import dataclass, field

from livekitex_agent import Agent, AgentServer, AgentSession, ChatContext, ChatMessage, JobContext, RunContext, StopResponse, function_tool
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm

DONE: list[str] = []
"""What the program has done, in all its lives: they are in one process in the tests."""


@dataclass
class Order:
    """What was ordered; ``oven`` is nothing that can be written."""

    products: list[tuple[str, int]] = field(default_factory=list)
    oven: object = field(default_factory=object)


class Waiter(Agent):
    """Takes orders."""

    def __init__(self, language: str = "English") -> None:
        super().__init__(instructions=f"You take orders, in {language}.")

    async def on_enter(self) -> None:
        """Greet."""
        DONE.append("waiter enters")
        await self.session.say("Welcome to us.")
        DONE.append("waiter greeted")

    async def on_exit(self) -> None:
        """Leave."""
        DONE.append("waiter leaves")

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        """Hear no noise."""
        DONE.append(f"heard {new_message.text_content}")
        if new_message.text_content == "noise":
            raise StopResponse
        turn_ctx.add_message(role="system", content="Be quick.")

    @function_tool
    async def add(self, ctx: RunContext[Order], product: str, count: int = 1) -> str:
        """Add something to the order."""
        ctx.userdata.products.append((product, count))
        DONE.append(f"added {product}")
        return f"{count} {product} added"

    @function_tool
    async def pay(self) -> tuple[Agent, str]:
        """Go to the cashier."""
        return Cashier(currency="dollars"), "the cashier comes"

    @function_tool
    async def call_cook(self) -> Agent:
        """Call the cook, who says nothing of the waiter."""
        return Cook()


class Cashier(Agent):
    """Takes money."""

    def __init__(self, *, currency: str) -> None:
        super().__init__(instructions=f"You take {currency}.")

    async def on_enter(self) -> None:
        """Greet."""
        DONE.append("cashier enters")
        await self.session.say("That makes ten.")


class Cook(Agent):
    """Cooks."""

    def __init__(self) -> None:
        super().__init__(instructions="You cook.")

    async def on_enter(self) -> None:
        """Greet."""
        DONE.append("cook enters")
        await self.session.say("I cook.")


server = AgentServer()


def ended(ctx: JobContext) -> None:
    """The session is over."""
    DONE.append(f"session ended: {len(ctx.primary_session.history.messages())} messages")


@server.rtc_session(on_session_end=ended)
async def entrypoint(ctx: JobContext) -> None:
    """Serve one guest."""
    DONE.append(f"life {ctx.incarnation}")
    ctx.on_restart(lambda info: DONE.append(f"restarted as {info.incarnation}"))
    ctx.add_shutdown_callback(lambda reason: DONE.append(f"shut down: {reason}"))
    llm = provider(
        scripted_llm,
        replies=[
            {"to": "*two pizzas*", "calls": [{"name": "add", "arguments": '{"product": "pizza", "count": 2}'}]},
            {"after": "add", "say": "Two pizzas it is."},
            {"to": "*bill*", "calls": ["pay"]},
            {"after": "pay", "say": "She comes."},
            {"to": "*cook*", "calls": ["call_cook"]},
            {"say": "Yes."},
        ],
    )
    session = AgentSession(llm=llm, userdata=Order())
    await session.start(Waiter("French"))
    DONE.append("started")
