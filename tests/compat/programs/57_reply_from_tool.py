"""A tool speaks before it returns, and asks for a reply of its own."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, RunContext, function_tool

server = AgentServer()


class Host(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a host.")

    @function_tool
    async def search(self, ctx: RunContext) -> str:
        """Search."""
        ctx.session.say("I am looking.")
        return "found"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"search": call("search"), "found": "Here it is."}))

    @session.on("speech_created")
    def created(event: object) -> None:
        note(event.source)

    await session.start(Host(), room=ctx.room)


CALLER = [text("search")]
