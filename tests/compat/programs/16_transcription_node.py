"""The transcription_node is overridden: what is shown and kept is what it yields."""

from collections.abc import AsyncIterable

from fakes import FakeLLM, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, ModelSettings

server = AgentServer()


class Writer(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You write.")

    async def transcription_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterable[str]:
        async for part in text:
            yield part.replace("damn", "****")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    await AgentSession(llm=FakeLLM({"hello": "That is damn good."})).start(Writer(), room=ctx.room)


CALLER = [text("hello")]
