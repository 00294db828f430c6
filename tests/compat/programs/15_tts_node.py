"""The tts_node is overridden: it sees the words that are spoken, and may change them; the history keeps the model's."""

from collections.abc import AsyncIterable

from fakes import FakeLLM, FakeTTS, note, text
from livekit import rtc
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, ModelSettings

server = AgentServer()


class Speaker(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You speak.")

    async def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterable[rtc.AudioFrame]:
        async def spoken() -> AsyncIterable[str]:
            words = ""
            async for part in text:
                words += part
                yield part.replace("API", "A P I")
            note("spoken", words)

        seconds = 0.0
        async for frame in Agent.default.tts_node(self, spoken(), model_settings):
            seconds += frame.duration
            yield frame
        note("seconds", round(seconds, 2))


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"hello": "Use our API today."}), tts=FakeTTS())
    await session.start(Speaker(), room=ctx.room)


AUDIO = True
CALLER = [text("hello")]
