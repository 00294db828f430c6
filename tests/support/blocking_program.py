"""A program whose first life blocks its event loop for good once the agent has spoken; the second takes the order."""

import threading

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm

server = AgentServer(user_block_s=1.0)


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
        charge_the_card()
