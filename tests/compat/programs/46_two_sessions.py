"""Two sessions in one job: one talks, the other is asked beside it."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, RunContext, function_tool

server = AgentServer()


class Judge(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You judge.")


class Host(Agent):
    def __init__(self, judge: AgentSession) -> None:
        super().__init__(instructions="You are a host.")
        self.judge = judge

    @function_tool
    async def ask_judge(self, ctx: RunContext, question: str) -> str:
        """Ask the judge."""
        result = await self.judge.run(user_input=question)
        return result.expect[-1].is_message(role="assistant").event().item.text_content


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"is it fair": call("ask_judge", question="fair?"), "It is fair.": "The judge says it is."}))
    judge = AgentSession(llm=FakeLLM({"fair?": "It is fair."}))
    await session.start(Host(judge), room=ctx.room)
    await judge.start(Judge())
    note(ctx.primary_session is session)


CALLER = [text("is it fair")]
