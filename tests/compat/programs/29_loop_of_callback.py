"""A callback starts a loop of its own, which speaks while nobody else does."""

import asyncio

from fakes import FakeLLM, note, noted, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"hello": "Hello.", "Remind him.": "Are you there?"}))
    tasks: set[asyncio.Task] = set()

    async def remind() -> None:
        for number in range(2):
            await asyncio.sleep(0.2)
            handle = await session.generate_reply(instructions="Remind him.")
            note(f"reminded {number}", handle.interrupted)

    @session.on("conversation_item_added")
    def on_item(event: object) -> None:
        if getattr(event.item, "role", None) == "assistant" and not tasks:
            tasks.add(asyncio.create_task(remind()))

    await session.start(Agent(instructions="Wait."), room=ctx.room)


CALLER = [text("hello"), noted("reminded 1")]
