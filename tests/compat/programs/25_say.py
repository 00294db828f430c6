"""say with a string, with an iterator, and without adding to the history."""

import asyncio
from collections.abc import AsyncIterator

from fakes import FakeLLM, FakeTTS, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext

server = AgentServer()


async def words() -> AsyncIterator[str]:
    for word in ("One ", "two ", "three."):
        await asyncio.sleep(0.005)
        yield word


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"hello": "Hello."}), tts=FakeTTS())
    await session.start(Agent(instructions="Speak."), room=ctx.room)
    first, second = session.say("Please wait."), session.say(words())
    await second
    note(first.done(), second.done(), [item.text_content for item in second.chat_items])
    handle = session.say("This is not kept.", add_to_chat_ctx=False)
    handle.add_done_callback(lambda done: note("done", done.interrupted))
    await handle.wait_for_playout()


AUDIO = True
CALLER = [text("hello")]
