"""A tool is a plain function, with a name and a description of its own; one that returns nothing, and one that is not async."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool

server = AgentServer()


@function_tool(name="look_up_weather", description="Tell the weather of a place.")
async def weather(place: str) -> str:
    return f"It is sunny in {place}."


@function_tool
async def remember(thing: str) -> None:
    """Remember something."""
    note("remember", thing)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {
        "weather in rome": call("look_up_weather", place="Rome"),
        "It is sunny in Rome.": "Sunny!",
        "remember the milk": call("remember", thing="milk"),
        "": "I remember it.",
    }
    session = AgentSession(llm=FakeLLM(script))
    await session.start(Agent(instructions="Help.", tools=[weather, remember]), room=ctx.room)


CALLER = [text("weather in rome"), text("remember the milk")]
