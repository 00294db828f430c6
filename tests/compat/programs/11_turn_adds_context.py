"""on_user_turn_completed adds context for this turn alone, and can keep something for later."""

from fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, note, speech
from livekit.agents import Agent, AgentServer, AgentSession, ChatContext, ChatMessage, JobContext, TurnHandlingOptions

server = AgentServer()
TURNS = TurnHandlingOptions(turn_detection="vad", endpointing={"min_delay": 0.05, "max_delay": 0.3})


class Reader(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You read books.")

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        note("completed", new_message.role, new_message.text_content, len(turn_ctx.items))
        if "book" in new_message.text_content:
            turn_ctx.add_message(role="assistant", content="The book says: whales.")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FakeLLM({"The book says: whales.": "It is about whales.", "thank you": "With pleasure."})
    session = AgentSession(stt=FakeSTT(CALLER), vad=FakeVAD(), llm=llm, tts=FakeTTS(), turn_handling=TURNS)
    await session.start(Reader(), room=ctx.room)


AUDIO = True
CALLER = [speech("read the book"), speech("thank you")]
