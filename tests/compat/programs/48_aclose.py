"""aclose in the middle of a speech; the session can be read afterwards."""

import asyncio

from fakes import FakeLLM, FakeTTS, note
from livekit.agents import Agent, AgentServer, AgentSession, JobContext

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"hello": "Hello."}), tts=FakeTTS())
    session.on("close", lambda event: note("close", event.reason.value, event.error))
    await session.start(Agent(instructions="Be brief."), room=ctx.room)
    handle = session.say(" ".join(["word"] * 100))
    await asyncio.sleep(0.2)
    await session.aclose()
    note(handle.done(), handle.interrupted)
    note([item.type for item in session.history.items])
    try:
        session.generate_reply(instructions="hello")
    except RuntimeError:
        note("refused")
    await session.aclose()


AUDIO = True
CALLER = []
