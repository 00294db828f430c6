"""A group of tasks, one after the other."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, AgentTask, JobContext, function_tool
from livekit.agents.beta.workflows import TaskGroup

server = AgentServer()


class AskName(AgentTask[str]):
    def __init__(self) -> None:
        super().__init__(instructions="Ask for the name.")

    async def on_enter(self) -> None:
        await self.session.generate_reply(instructions="Ask the name.")

    @function_tool
    async def keep_name(self, name: str) -> None:
        """Keep the name."""
        self.complete(name)


class AskAge(AgentTask[int]):
    def __init__(self) -> None:
        super().__init__(instructions="Ask for the age.")

    async def on_enter(self) -> None:
        await self.session.generate_reply(instructions="Ask the age.")

    @function_tool
    async def keep_age(self, age: int) -> None:
        """Keep the age."""
        self.complete(age)


class Host(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a host.")

    async def on_enter(self) -> None:
        group = TaskGroup(summarize_chat_ctx=False)
        group.add(AskName, id="name", description="The name.")
        group.add(AskAge, id="age", description="The age.")
        result = await group
        note("results", result.task_results)
        await self.session.say("That is all.")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "Ask the name.": "Your name?",
        "ada": call("keep_name", name="Ada"),
        "Ask the age.": "Your age?",
        "thirty": call("keep_age", age=30),
    }
    await AgentSession(llm=FakeLLM(script)).start(Host(), room=ctx.room)


CALLER = [text("ada"), text("thirty")]
