"""A program of a shop whose tools change what it can do, complete what its agent waits for, and end the call. Notes go to `DONE`."""

from livekitex_agent import Agent, AgentServer, AgentSession, AgentTask, JobContext, function_tool, get_job_context
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm

DONE: list[str] = []
"""What the program has done, in all its lives."""


@function_tool
async def pay() -> str:
    """Pay."""
    DONE.append("paid")
    return "paid"


class AskName(AgentTask[str]):
    """Asks who is there."""

    def __init__(self) -> None:
        super().__init__(instructions="Ask for the name.")

    async def on_enter(self) -> None:
        """Ask."""
        DONE.append("asks")
        await self.session.say("Who is there?")

    @function_tool
    async def keep(self, name: str) -> None:
        """Keep the name."""
        self.complete(name)


class Stranger(Agent):
    """Asks for the name again."""

    def __init__(self) -> None:
        super().__init__(instructions="You are new here.")

    async def on_enter(self) -> None:
        """Ask."""
        DONE.append(f"is told {await AskName()}")


class Shop(Agent):
    """Sells, once it knows to whom."""

    def __init__(self) -> None:
        super().__init__(instructions="You sell.")

    async def on_enter(self) -> None:
        """Ask for the name."""
        name = await AskName()
        DONE.append(f"knows {name}")
        await self.session.say(f"Welcome, {name}.")

    async def on_exit(self) -> None:
        """Leave."""
        await self.session.say("Goodbye.")

    @function_tool
    async def log_in(self) -> str:
        """Log in."""

        @function_tool
        async def of_this_life() -> str:
            """Is found by nobody else."""
            return ""

        await self.update_tools([*self.tools, pay, of_this_life])
        return "logged in"

    @function_tool
    async def call_stranger(self) -> Agent:
        """Call somebody."""
        return Stranger()

    @function_tool
    async def step_aside(self) -> str:
        """Let somebody else go on."""
        self.session.update_agent(Stranger())
        return "aside"

    @function_tool
    async def hang_up(self) -> str:
        """End the call."""
        get_job_context().shutdown(reason="enough")
        return "bye"


server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    """Serve one guest."""
    ctx.add_shutdown_callback(lambda: DONE.append("shut down"))
    llm = provider(
        scripted_llm,
        replies=[
            {"to": "ada", "calls": [{"name": "keep", "arguments": '{"name": "Ada"}'}]},
            {"to": "log in", "calls": ["log_in"]},
            {"after": "log_in", "say": "You are in."},
            {"to": "pay", "calls": ["pay"]},
            {"after": "pay", "say": "Thank you."},
            {"to": "somebody", "calls": ["call_stranger"]},
            {"to": "go", "calls": ["step_aside"]},
            {"after": "step_aside", "say": "I go."},
            {"to": "bye", "calls": ["hang_up"]},
            {"say": "Yes."},
        ],
    )
    await AgentSession(llm=llm).start(Shop())
