"""A program that tests its agent: session.run and what it expects."""

from fakes import FakeLLM, call, note
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool, mock_tools

server = AgentServer()


class Waiter(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You take orders.")

    @function_tool
    async def add(self, product: str) -> str:
        """Add something."""
        return f"{product} added"

    @function_tool
    async def to_manager(self) -> Agent:
        """Call the manager."""
        return Manager()


class Manager(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You manage.")

    async def on_enter(self) -> None:
        await self.session.say("I am the manager.")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "a pizza": call("add", product="pizza"),
        "pizza added": "One pizza.",
        "sold out": "There is none left.",
        "the manager": call("to_manager"),
    }
    session = AgentSession(llm=FakeLLM(script))
    await session.start(Waiter(), room=ctx.room)
    result = await session.run(user_input="a pizza")
    result.expect.next_event().is_function_call(name="add", arguments={"product": "pizza"})
    result.expect.next_event().is_function_call_output(output="pizza added", is_error=False)
    note(result.expect.next_event().is_message(role="assistant").event().item.text_content)
    result.expect.no_more_events()
    result.expect.contains_function_call(name="add")
    result.expect[-1].is_message(role="assistant")
    try:
        result.expect[0].is_message(role="assistant")
    except AssertionError:
        note("it was no message")
    with mock_tools(Waiter, {"add": lambda: "sold out"}):
        mocked = await session.run(user_input="a pizza")
    note([(event.type, getattr(event.item, "output", None)) for event in mocked.events if event.type != "agent_handoff"])
    handed = await session.run(user_input="the manager")
    note([event.type for event in handed.events])
    handed.expect.contains_agent_handoff(new_agent_type=Manager)
    note(handed.done())


CALLER = []
