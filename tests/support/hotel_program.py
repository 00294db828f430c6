"""A program of a hotel: agents that say goodbye, and tasks that tools await. What it does it notes in `DONE`."""

from typing import Any

from livekitex_agent import Agent, AgentServer, AgentSession, AgentTask, JobContext, function_tool
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm

FIRST: list[Agent] = []
"""The desk of each life."""
DONE: list[Any] = []
"""What the program has done, in all its lives: they are in one process in the tests."""


class Ask(AgentTask[str]):
    """Asks for one thing."""

    def __init__(self, *, what: str) -> None:
        super().__init__(instructions=f"Ask for {what}.")
        self.what = what

    async def on_enter(self) -> None:
        """Ask."""
        await self.session.say(f"Your {self.what}?")
        DONE.append(f"asked for the {self.what}")

    @function_tool
    async def keep(self, answer: str) -> None:
        """Keep the answer."""
        self.complete(answer)


class Confirmed(AgentTask[str]):
    """Asks for one thing, in a task of its own, and has it confirmed."""

    def __init__(self, *, what: str) -> None:
        super().__init__(instructions=f"Have the {what} confirmed.")
        self.what = what

    async def on_enter(self) -> None:
        """Ask, and ask back."""
        answer = await Ask(what=self.what)
        DONE.append(f"to confirm: {answer}")
        self.complete(f"{answer}, {await Ask(what='yes')}")


class Desk(Agent):
    """Books rooms."""

    def __init__(self) -> None:
        super().__init__(instructions="You are the desk.")

    async def on_enter(self) -> None:
        """Greet."""
        DONE.append("desk enters")

    async def on_exit(self) -> None:
        """Say goodbye."""
        DONE.append(f"desk leaves to {type(self.session.current_agent).__name__}")
        await self.session.say("Goodbye from the desk.")
        self.session.say("Have a nice stay.")

    @function_tool
    async def book(self) -> str:
        """Book: two tasks, one after the other."""
        return f"booked for {await Ask(what='name')} on {await Ask(what='day')}"

    @function_tool
    async def nested(self) -> str:
        """Book: a task in a task."""
        return f"booked for {await Confirmed(what='name')}"

    @function_tool
    async def look(self) -> str:
        """Look."""
        DONE.append("looked")
        return "seen"

    @function_tool
    async def refuse(self) -> str:
        """Fail after a task."""
        raise ValueError(await Ask(what="reason"))

    @function_tool
    async def report(self) -> str:
        """Note what it knows of the conversation."""
        DONE.append([message.text_content for message in self.chat_ctx.messages() if message.role in {"user", "assistant"}])
        return "reported"

    @function_tool
    async def go_up(self) -> Agent:
        """Go to the bar."""
        return Bar()


class Bar(Agent):
    """Mixes drinks."""

    def __init__(self) -> None:
        super().__init__(instructions="You are the bar.")

    async def on_enter(self) -> None:
        """Greet."""
        DONE.append("bar enters")
        await self.session.say("This is the bar.")

    @function_tool
    async def go_down(self) -> Agent:
        """Go back to the desk."""
        return FIRST[-1]


server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    """Serve one guest."""
    DONE.append(f"life {ctx.incarnation}")

    def kept(word: str) -> dict[str, Any]:
        return {"to": f"*{word}*", "calls": [{"name": "keep", "arguments": f'{{"answer": "{word}"}}'}]}

    llm = provider(
        scripted_llm,
        replies=[
            {"to": "*book*", "calls": ["book"]},
            {"to": "*nested*", "calls": ["nested"]},
            {"to": "*both*", "calls": ["book", "look"]},
            {"to": "*refuse*", "calls": ["refuse"]},
            {"to": "*hello*", "calls": ["report"]},
            {"to": "*upstairs*", "calls": ["go_up"]},
            {"to": "*downstairs*", "calls": ["go_down"]},
            *map(kept, ("ada", "monday", "yes", "private")),
            *({"after": name, "say": "All right."} for name in ("book", "nested", "look", "refuse", "report")),
            {"say": "Pardon?"},
        ],
    )
    FIRST.append(Desk())
    await AgentSession(llm=llm).start(FIRST[-1])
