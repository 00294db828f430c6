"""A callback changes the agent with update_agent."""

from fakes import FakeLLM, note, text
from livekit.agents import Agent, AgentServer, AgentSession, ConversationItemAddedEvent, JobContext

server = AgentServer()


class Night(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You work at night.", id="night-shift")

    async def on_enter(self) -> None:
        await self.session.say("The night shift is here.")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"is it late": "It is late.", "good night": "Sleep well."}))

    @session.on("conversation_item_added")
    def on_item(event: ConversationItemAddedEvent) -> None:
        if getattr(event.item, "text_content", None) == "It is late.":
            session.update_agent(Night())

    await session.start(Agent(instructions="You work by day."), room=ctx.room)
    note(session.current_agent.id)


CALLER = [text("is it late"), text("good night")]
