"""The job's facts, a session's end, and what it reports."""

from fakes import FakeLLM, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobRequest

server = AgentServer()


async def on_request(request: JobRequest) -> None:
    await request.accept(name="the agent", attributes={"kind": "test"})


async def on_session_end(ctx: JobContext) -> None:
    report = ctx.make_session_report()
    note("report", [item.type for item in report.chat_history.items], sorted(report.to_dict())[:3] != [])


@server.rtc_session(agent_name="reporter", on_request=on_request, on_session_end=on_session_end)
async def entrypoint(ctx: JobContext) -> None:
    await ctx.connect()
    note(ctx.room.name, ctx.job.room.name)
    await AgentSession(llm=FakeLLM({"hello": "Hello."})).start(Agent(instructions="Be brief."), room=ctx.room)


CALLER = [text("hello")]
