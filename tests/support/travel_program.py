"""A program of a travel agency, whose tools tell how far they are and go on. They wait for what the test lets happen in `GO`."""

import asyncio
from typing import Any

from livekitex_agent import Agent, AgentServer, AgentSession, AgentTask, JobContext, RunContext, function_tool
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm

GO: dict[str, asyncio.Event] = {}
"""What tools wait for, by name; a death forgets who waits."""
DONE: list[str] = []
"""What the tools have done, in all lives: they are in one process in the tests."""


def go(name: str) -> asyncio.Event:
    """The event of this name."""
    return GO.setdefault(name, asyncio.Event())


class Seat(AgentTask[str]):
    """Asks for a seat."""

    def __init__(self) -> None:
        super().__init__(instructions="Ask for the seat.")

    async def on_enter(self) -> None:
        """Ask."""
        await self.session.say("Which seat?")

    @function_tool
    async def sit(self, where: str) -> None:
        """Take a seat."""
        self.complete(where)


class Traveller(Agent):
    """Books journeys."""

    def __init__(self) -> None:
        super().__init__(instructions="You book.", tool_handling={"async_options": {"update_template": "{function_name}: {message}"}})

    @function_tool
    async def book(self, ctx: RunContext[Any]) -> str:
        """Book a journey, in two steps."""
        DONE.append("book begins")
        await ctx.update("searching")
        await go("found").wait()
        await ctx.update("found one")
        await go("paid").wait()
        DONE.append("book ends")
        return "booked"

    @function_tool(idempotent=True)
    async def watch(self, ctx: RunContext[Any]) -> str:
        """Watch a price: it may be run again."""
        await ctx.update("watching")
        await go("fell").wait()
        return "it fell"

    @function_tool
    async def choose(self, ctx: RunContext[Any]) -> str:
        """Book a seat, which the caller is asked for later."""
        await ctx.update("looking at the plan")
        await go("plan").wait()
        async with ctx.foreground():
            seat = await Seat()
        return f"seat {seat}"


server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    """Serve one caller."""
    DONE.append(f"life {ctx.incarnation}")
    llm = provider(
        scripted_llm,
        replies=[
            {"to": "*book*", "calls": ["book"]},
            {"to": "*watch*", "calls": ["watch"]},
            {"to": "*choose*", "calls": ["choose"]},
            {"to": "*window*", "calls": [{"name": "sit", "arguments": '{"where": "window"}'}]},
            *({"after": name, "say": "Heard {input}."} for name in ("book", "watch", "choose", "sit")),
            {"say": "Hm."},
        ],
    )
    await AgentSession(llm=llm).start(Traveller())
