"""Turns are taken by hand: audio is on while a button is held, then the turn is committed, or cleared."""

from fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, do, note, pause, speech
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, TurnHandlingOptions

server = AgentServer()
TURNS = TurnHandlingOptions(turn_detection="manual", endpointing={"min_delay": 0.05, "max_delay": 0.3})


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FakeLLM({"over": "Roger.", "again": "Roger again."})
    session = AgentSession(stt=FakeSTT(CALLER), vad=FakeVAD(), llm=llm, tts=FakeTTS(), turn_handling=TURNS)
    await session.start(Agent(instructions="You are a radio."), room=ctx.room)
    session.input.set_audio_enabled(False)
    note(session.input.audio_enabled)


def press(session: AgentSession) -> None:
    session.interrupt()
    session.clear_user_turn()
    session.input.set_audio_enabled(True)


async def release(session: AgentSession) -> None:
    session.input.set_audio_enabled(False)
    note("committed", await session.commit_user_turn(transcript_timeout=1.0, stt_flush_duration=0.1))


def cancel(session: AgentSession) -> None:
    session.input.set_audio_enabled(False)
    session.clear_user_turn()


AUDIO = True
CALLER = [
    do(press),
    speech("over", wait=False),
    pause(0.2),
    do(release),
    do(press),
    speech("forget it", wait=False),
    pause(0.2),
    do(cancel),
    do(press),
    speech("again", wait=False),
    pause(0.2),
    do(release),
]
