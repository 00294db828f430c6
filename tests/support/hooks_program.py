"""A program whose agents do in their hooks what the call's metadata says. What it does it notes in `DONE`."""

import asyncio

from livekitex_agent import Agent, AgentServer, AgentSession, AgentTask, ChatContext, ChatMessage, JobContext, StopResponse, function_tool
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm, scripted_stt, scripted_vad

DONE: list[str] = []
"""What the program has done, in all its lives: they are in one process in the tests."""


def misbehave(how: str) -> None:
    """Do what user code should not."""
    match how:
        case "raise":
            raise ZeroDivisionError
        case "cancelled":
            raise asyncio.CancelledError
        case _:
            pass


class Next(Agent):
    """Has the call after the first one."""

    def __init__(self, kept: object = None) -> None:
        super().__init__(instructions="Go on.")
        self.kept = kept

    async def on_enter(self) -> None:
        """Say so."""
        DONE.append("next enters")
        await self.session.say("I go on.")


class Unwritten(AgentTask[object]):
    """Comes to what cannot be written."""

    def __init__(self) -> None:
        super().__init__(instructions="Come to something.")

    async def on_enter(self) -> None:
        """Come to it at once."""
        self.complete(object())


class First(Agent):
    """Begins; in the hook that ``where`` names it does ``how``."""

    def __init__(self, where: str, how: str) -> None:
        super().__init__(instructions="Begin.")
        self.where, self.how = where, how

    async def on_enter(self) -> None:
        """Say so."""
        DONE.append("first enters")
        if self.where == "task":
            DONE.append(f"task came to {type(await Unwritten()).__name__}")
        await self.session.say("I begin.")
        if self.where == "enter":
            misbehave(self.how)
        DONE.append("first has entered")

    async def on_exit(self) -> None:
        """Say so."""
        DONE.append("first leaves")
        if self.where == "edit":
            DONE.extend(f"kept: {item.text_content}" for item in self.session.history.messages())
        if self.where == "exit":
            misbehave(self.how)

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        """Hear no evil."""
        DONE.append(f"heard {new_message.text_content}")
        if "noise" in (new_message.text_content or ""):
            raise StopResponse
        if self.where == "edit":
            turn_ctx.add_message(role="system", content="The bar is closed.")
            new_message.content = [f"{new_message.text_content} please"]
        if self.where == "turn":
            misbehave(self.how)

    @function_tool
    async def hand_on(self) -> Agent:
        """Hand the call on."""
        return Next(object() if self.where == "lost" else "kept")

    @function_tool
    async def try_to(self) -> str:
        """Hand the call to one that cannot have it."""
        self.session.update_agent(Agent(instructions="Fail.", llm="nobody:model", id="nobody"))
        return "tried"


server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    """Serve."""
    DONE.append(f"life {ctx.incarnation}")
    llm = provider(
        scripted_llm,
        replies=[
            {"to": "*next*", "calls": ["hand_on"]},
            {"to": "*try*", "calls": ["try_to"]},
            {"after": "try_to", "say": "I have tried."},
            {"say": "Yes."},
        ],
    )
    session = AgentSession[None](llm=llm, stt=provider(scripted_stt), vad=provider(scripted_vad))
    where, _, how = ctx.job.metadata.partition(" ")
    await session.start(First(where, how))
