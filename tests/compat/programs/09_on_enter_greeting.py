"""The agent greets as it enters: with a reply of the model's, and with fixed words."""

from fakes import FakeLLM, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext

server = AgentServer()


class Host(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a host.")

    async def on_enter(self) -> None:
        handle = await self.session.generate_reply(instructions="Greet the caller.")
        note("greeted", handle.interrupted, handle.done(), [item.type for item in handle.chat_items])
        said = self.session.say("We are open.")
        await said
        note("said", said.allow_interruptions, [item.type for item in said.chat_items])


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"Greet the caller.": "Welcome!", "hi": "Hi."}))
    await session.start(Host(), room=ctx.room)
    note("started", session.agent_state)


CALLER = [text("hi")]
