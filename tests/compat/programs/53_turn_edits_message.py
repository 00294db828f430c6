"""on_user_turn_completed changes what the caller has said."""

from fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, speech
from livekit.agents import Agent, AgentServer, AgentSession, ChatContext, ChatMessage, JobContext, TurnHandlingOptions

server = AgentServer()
TURNS = TurnHandlingOptions(turn_detection="vad", endpointing={"min_delay": 0.05, "max_delay": 0.3})


class Discreet(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are discreet.")

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        new_message.content = [new_message.text_content.replace("1234", "####")]


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FakeLLM({"my code is ####": "Thank you."})
    session = AgentSession(stt=FakeSTT(CALLER), vad=FakeVAD(), llm=llm, tts=FakeTTS(), turn_handling=TURNS)
    await session.start(Discreet(), room=ctx.room)


AUDIO = True
CALLER = [speech("my code is 1234")]
