"""The stt_node is overridden: it sees each event, and changes the words."""

from collections.abc import AsyncIterable

from fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, note, speech
from livekit import rtc
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, ModelSettings, TurnHandlingOptions, stt

server = AgentServer()
TURNS = TurnHandlingOptions(turn_detection="vad", endpointing={"min_delay": 0.05, "max_delay": 0.3})


class Listener(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You listen.")

    async def stt_node(self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings) -> AsyncIterable[stt.SpeechEvent]:
        async for event in Agent.default.stt_node(self, audio, model_settings):
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                note("heard", event.alternatives[0].text)
                event.alternatives[0].text = event.alternatives[0].text.replace("fish", "whale")
            yield event


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FakeLLM({"i saw a whale": "A whale!"})
    session = AgentSession(stt=FakeSTT(CALLER), vad=FakeVAD(), llm=llm, tts=FakeTTS(), turn_handling=TURNS)
    await session.start(Listener(), room=ctx.room)


AUDIO = True
CALLER = [speech("i saw a fish")]
