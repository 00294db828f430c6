"""drain waits for what is being said and takes nothing more."""

from fakes import FakeLLM, FakeTTS, note
from livekit.agents import Agent, AgentServer, AgentSession, JobContext

server = AgentServer()


class Host(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a host.")

    async def on_exit(self) -> None:
        note("exit")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"hello": "Hello."}), tts=FakeTTS())
    session.on("close", lambda event: note("close", event.reason.value))
    await session.start(Host(), room=ctx.room)
    handle = session.say("One two three four five.")
    await session.drain()
    note("drained", handle.done(), handle.interrupted)
    try:
        session.say("Nobody hears this.")
    except RuntimeError:
        note("refused")
    await session.aclose()
    note("closed")


AUDIO = True
CALLER = []
