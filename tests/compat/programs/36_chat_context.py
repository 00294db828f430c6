"""The chat context is copied, edited, cut and put back."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, ChatContext, JobContext, function_tool

server = AgentServer()


class Forgetful(Agent):
    def __init__(self, chat_ctx: ChatContext) -> None:
        super().__init__(instructions="You forget.", chat_ctx=chat_ctx)

    @function_tool
    async def forget(self) -> str:
        """Forget all but the last."""
        chat_ctx = self.chat_ctx.copy()
        chat_ctx.truncate(max_items=2)
        chat_ctx.add_message(role="system", content="The caller wants privacy.")
        await self.update_chat_ctx(chat_ctx)
        note("left", [(item.type, getattr(item, "role", None)) for item in self.chat_ctx.items])
        return "forgotten"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    initial = ChatContext.empty()
    initial.add_message(role="user", content="My name is Ada.")
    initial.add_message(role="assistant", content="Hello Ada.")
    copied = ChatContext.from_dict(initial.to_dict())
    note(len(copied.items), copied.is_equivalent(initial), initial.get_by_id(copied.items[0].id).text_content)
    script = {"hello": "Hello again.", "forget": call("forget"), "forgotten": "Done.", "who am i": "I do not know."}
    session = AgentSession(llm=FakeLLM(script))
    await session.start(Forgetful(copied), room=ctx.room)
    note("history", len(session.history.items))


CALLER = [text("hello"), text("forget"), text("who am i")]
