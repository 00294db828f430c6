"""An STT and a TTS that do not stream, by their adapters."""

from fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, speech
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, TurnHandlingOptions, stt, tokenize, tts

server = AgentServer()
TURNS = TurnHandlingOptions(turn_detection="vad", endpointing={"min_delay": 0.05, "max_delay": 0.3})


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FakeLLM({"hello there": "This is the first sentence. And this is the second one, which is longer."})
    session = AgentSession(
        stt=stt.StreamAdapter(stt=FakeSTT(CALLER, streaming=False), vad=FakeVAD()),
        vad=FakeVAD(),
        llm=llm,
        tts=tts.StreamAdapter(tts=FakeTTS(streaming=False), sentence_tokenizer=tokenize.basic.SentenceTokenizer()),
        turn_handling=TURNS,
    )
    await session.start(Agent(instructions="Be polite."), room=ctx.room)


AUDIO = True
CALLER = [speech("hello there")]
