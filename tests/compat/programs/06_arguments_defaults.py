"""A tool's arguments have defaults, or may be None; the model leaves them out, or says null."""

from typing import Annotated

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool
from pydantic import Field

server = AgentServer()


class Desk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You book tables.")

    @function_tool
    async def book(
        self,
        people: Annotated[int, Field(description="How many will come.", ge=1)],
        day: str = "today",
        name: str | None = None,
        outside: bool = False,
    ) -> str:
        """Book a table."""
        note(people, day, name, outside)
        return f"{people} {day} {name} {outside}"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "a table": call("book", people=2),
        "2 today None False": "Booked for today.",
        "a table for Ada tomorrow": call("book", people=4, day="tomorrow", name="Ada", outside=True),
        "4 tomorrow Ada True": "Booked for tomorrow.",
        "a table for nobody": call("book", people=3, day=None, name=None, outside=None),
        "3 today None False": "Booked for nobody.",
    }
    await AgentSession(llm=FakeLLM(script)).start(Desk(), room=ctx.room)


CALLER = [text("a table"), text("a table for Ada tomorrow"), text("a table for nobody")]
