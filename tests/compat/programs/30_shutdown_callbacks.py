"""Callbacks at the end of the job save what was said."""

from fakes import FakeLLM, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"hello": "Hello."}))

    async def save(reason: str) -> None:
        items = session.history.to_dict()["items"]
        note("save", reason, [[item["type"], item.get("role"), item.get("content")] for item in items])

    async def without_reason() -> None:
        note("without reason")

    ctx.add_shutdown_callback(save)
    ctx.add_shutdown_callback(without_reason)
    await session.start(Agent(instructions="Be brief."), room=ctx.room)


CALLER = [text("hello")]
