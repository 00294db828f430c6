"""The caller speaks while the agent speaks: the reply is cut, and his words are answered."""

from fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, pause, speech, until
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, TurnHandlingOptions

server = AgentServer()
TURNS = TurnHandlingOptions(
    turn_detection="vad",
    endpointing={"min_delay": 0.05, "max_delay": 0.3},
    interruption={"mode": "vad", "min_duration": 0.1, "false_interruption_timeout": 1.0},
)
LONG = " ".join(["word"] * 80)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FakeLLM({"tell me": LONG, "that is enough": "I stop."})
    session = AgentSession(stt=FakeSTT(CALLER), vad=FakeVAD(), llm=llm, tts=FakeTTS(), turn_handling=TURNS, aec_warmup_duration=None)
    await session.start(Agent(instructions="Tell stories."), room=ctx.room)


AUDIO = True
CALLER = [speech("tell me", wait=False), until("agent_state_changed", new_state="speaking"), pause(0.4), speech("that is enough", 0.3)]
