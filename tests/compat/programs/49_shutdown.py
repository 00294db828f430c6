"""The program ends its job, from a tool, after the last words."""

from fakes import FakeLLM, FakeTTS, call, note, noted, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, RunContext, function_tool, get_job_context

server = AgentServer()


class Host(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a host.")

    async def on_exit(self) -> None:
        note("exit")

    @function_tool
    async def end_call(self, ctx: RunContext) -> None:
        """End the call."""
        await ctx.wait_for_playout()
        note("said")
        get_job_context().shutdown(reason="the caller was done")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"bye": ["Goodbye. ", call("end_call")]}), tts=FakeTTS())
    session.on("close", lambda event: note("close", event.reason.value))

    async def ended(reason: str) -> None:
        note("ended", reason)

    ctx.add_shutdown_callback(ended)
    await session.start(Host(), room=ctx.room)


AUDIO = True
CALLER = [text("bye", wait=False), noted("ended")]
