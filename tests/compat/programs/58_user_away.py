"""A caller who says nothing is away; then he is back."""

from fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, note, noted, speech
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, TurnHandlingOptions

server = AgentServer()
TURNS = TurnHandlingOptions(turn_detection="vad", endpointing={"min_delay": 0.05, "max_delay": 0.3})


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FakeLLM({"i am here": "Good.", "Ask.": "Are you there?"})
    session = AgentSession(stt=FakeSTT(CALLER), vad=FakeVAD(), llm=llm, tts=FakeTTS(), turn_handling=TURNS, user_away_timeout=0.4)
    asked = []

    @session.on("user_state_changed")
    def changed(event: object) -> None:
        if event.new_state == "away" and not asked:
            asked.append(session.generate_reply(instructions="Ask."))
            asked[0].add_done_callback(lambda _: note("asked"))

    await session.start(Agent(instructions="Be there."), room=ctx.room)


AUDIO = True
CALLER = [noted("asked"), speech("i am here")]
