"""The server's setup function runs before the job and leaves what all jobs use; the job says who it is."""

from fakes import FakeLLM, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobProcess, get_job_context

server = AgentServer()


def prewarm(proc: JobProcess) -> None:
    proc.userdata["menu"] = ["pizza", "salad"]


server.setup_fnc = prewarm


class Waiter(Agent):
    def __init__(self, menu: list[str]) -> None:
        super().__init__(instructions=f"You serve {' and '.join(menu)}.")

    async def on_enter(self) -> None:
        note("in the job", get_job_context().proc.userdata["menu"])


@server.rtc_session(agent_name="waiter")
async def entrypoint(ctx: JobContext) -> None:
    note(ctx.proc.userdata, isinstance(ctx.job.id, str), get_job_context() is ctx)
    ctx.log_context_fields = {"room": "compared"}
    await AgentSession(llm=FakeLLM({"hello": "Hello."})).start(Waiter(ctx.proc.userdata["menu"]), room=ctx.room)


CALLER = [text("hello")]
