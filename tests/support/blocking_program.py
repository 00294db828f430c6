"""A program in whose first life tasks fail, and which then blocks its event loop for good; the second takes the order."""

import asyncio
import threading

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm

server = AgentServer(user_block_s=1.0)


async def look_up() -> None:
    """Fail, as a task of which nobody thinks any more."""
    raise KeyError("no such guest")


@server.rtc_session(agent_name="blocks once")
async def blocks_once(ctx: JobContext) -> None:
    """Block before the session starts, in the first life."""
    if ctx.incarnation == 1:
        charge_the_card()
    await AgentSession[None](llm=provider(scripted_llm, replies=[{"say": "Two pizzas it is."}])).start(Agent(instructions="You wait."))


@server.rtc_session(agent_name="blocks")
async def blocks(ctx: JobContext) -> None:
    """Block before the session starts, in each life."""
    charge_the_card()


def charge_the_card() -> None:
    """Ask a bank that never answers."""
    threading.Event().wait()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    """Greet, and block."""
    session: AgentSession[None] = AgentSession(llm=provider(scripted_llm, replies=[{"say": "Two pizzas it is."}]))
    await session.start(Agent(instructions="You take orders."), room=ctx.room)
    await session.say("Welcome to us.")
    if ctx.incarnation == 1:
        await asyncio.wait([asyncio.create_task(look_up()) for _ in range(3)])
        charge_the_card()
