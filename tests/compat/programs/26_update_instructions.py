"""The instructions are changed in the call."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


class Guide(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Speak English.")

    @function_tool
    async def speak_italian(self) -> str:
        """Speak Italian from now on."""
        await self.update_instructions("Speak Italian.")
        note(str(self.instructions))
        return "changed"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"hello": "Hello.", "italian please": call("speak_italian"), "changed": "Va bene.", "ciao": "Ciao."}
    await AgentSession(llm=FakeLLM(script)).start(Guide(), room=ctx.room)


CALLER = [text("hello"), text("italian please"), text("ciao")]
