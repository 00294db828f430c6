"""Programs whose entrypoints return early: with no session, with one that a task starts later, with the job's end."""

import asyncio
from contextlib import suppress

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm
from protocols import ConfigurationError

server = AgentServer()
TASKS: set[asyncio.Task[None]] = set()
ENDED: list[str] = []


@server.rtc_session(agent_name="nothing")
async def nothing(ctx: JobContext) -> None:
    """Start no session."""

    async def told() -> None:
        ENDED.append(ctx.worker_id)

    ctx.add_shutdown_callback(told)


async def a_while() -> None:
    """Let 5 s pass."""
    with suppress(TimeoutError):
        async with asyncio.timeout(5.0):
            await asyncio.Event().wait()


async def wait() -> None:
    """Wait, and start no session either."""
    await a_while()


@server.rtc_session(agent_name="waits")
async def waits(ctx: JobContext) -> None:
    """Have a task that starts none."""
    TASKS.add(asyncio.create_task(wait()))


async def start() -> None:
    """Start the session after a while."""
    await a_while()
    await AgentSession[None](llm=provider(scripted_llm, replies=[{"say": "Yes."}])).start(Agent(instructions="You are late."))


async def begin() -> None:
    """Have another task start it."""
    TASKS.add(asyncio.create_task(start()))


@server.rtc_session(agent_name="later")
async def later(ctx: JobContext) -> None:
    """Let a task start it."""
    TASKS.add(asyncio.create_task(begin()))


@server.rtc_session(agent_name="mends")
async def mends(ctx: JobContext) -> None:
    """Start a session that cannot be, and then one that can."""
    agent = Agent(instructions="You are patient.")
    with suppress(ConfigurationError):
        await AgentSession[None](llm=object()).start(agent)
    await AgentSession[None](llm=provider(scripted_llm, replies=[{"say": "Yes."}])).start(agent)


@server.rtc_session(agent_name="shuts down")
async def shuts_down(ctx: JobContext) -> None:
    """End the job."""
    ctx.shutdown(reason="nobody is there")
