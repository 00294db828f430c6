"""A spoken call: custom STT, VAD, LLM and TTS, turns by the voice activity."""

from fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, speech
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, TurnHandlingOptions

server = AgentServer()
TURNS = TurnHandlingOptions(turn_detection="vad", endpointing={"min_delay": 0.05, "max_delay": 0.3})


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FakeLLM({"hello there": "Hello. How are you?", "i am fine": "I am glad."})
    session = AgentSession(stt=FakeSTT(CALLER), vad=FakeVAD(), llm=llm, tts=FakeTTS(), turn_handling=TURNS)
    await session.start(Agent(instructions="Be polite."), room=ctx.room)


AUDIO = True
CALLER = [speech("hello there"), speech("i am fine")]
