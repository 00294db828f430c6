"""A program whose entrypoint fails after its session has started. Its own session hears of no error by that."""

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm

server = AgentServer()
HEARD: list[object] = []


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    """Start, and fail."""
    session: AgentSession[None] = AgentSession(llm=provider(scripted_llm, replies=[{"say": "Yes."}]))
    session.on("error", HEARD.append)
    await session.start(Agent(instructions="You take orders."))
    raise OSError(f"life {ctx.incarnation} has no oven")
