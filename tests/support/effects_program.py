"""A program with effects outside its conversation. What happens it notes in `DONE`, in all its lives."""

import asyncio

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm
from protocols import OutcomeUnknown

DONE: list[str] = []

server = AgentServer()


async def print_receipt(number: int) -> tuple[str, int]:
    """An effect that ends."""
    DONE.append(f"prints {number}")
    return "receipt", number


async def ask_the_bank() -> None:
    """An effect that fails."""
    DONE.append("asks the bank")
    raise ValueError("no money")


async def charge_the_card() -> None:
    """An effect in which the process dies."""
    DONE.append("charges")
    await asyncio.Event().wait()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    """Have each effect."""
    session: AgentSession[None] = AgentSession(llm=provider(scripted_llm, replies=[{"say": "Yes."}]))
    await session.start(Agent(instructions="You take orders."))
    DONE.append(f"has {await ctx.once('receipt', print_receipt, ctx.incarnation)}")
    try:
        await ctx.once("bank", ask_the_bank)
    except ValueError as failure:
        DONE.append(f"hears {failure}")
    try:
        await ctx.once("card", charge_the_card)
    except OutcomeUnknown:
        DONE.append("does not know")
