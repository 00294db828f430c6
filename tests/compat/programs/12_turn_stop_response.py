"""on_user_turn_completed raises StopResponse: there is no reply to that turn."""

from fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, note, pause, speech
from livekit.agents import Agent, AgentServer, AgentSession, ChatContext, ChatMessage, JobContext, StopResponse, TurnHandlingOptions

server = AgentServer()
TURNS = TurnHandlingOptions(turn_detection="vad", endpointing={"min_delay": 0.05, "max_delay": 0.3})


class Shy(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You answer when you are asked by name.")

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        note("completed", new_message.text_content)
        if "robot" not in new_message.text_content:
            raise StopResponse


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FakeLLM({"hello robot": "Hello."})
    session = AgentSession(stt=FakeSTT(CALLER), vad=FakeVAD(), llm=llm, tts=FakeTTS(), turn_handling=TURNS)
    await session.start(Shy(), room=ctx.room)


AUDIO = True
CALLER = [speech("anybody there", wait=False), pause(0.6), speech("hello robot")]
