"""Lines of text are answered."""

from fakes import FakeLLM, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"hello": "Hello there.", "how are you": "Fine, thanks."}))
    await session.start(Agent(instructions="Be brief."), room=ctx.room)


CALLER = [text("hello"), text("how are you")]
