"""The language model fails: what can be tried again is, and what cannot is told; the call goes on."""

from typing import Any

from fakes import FakeLLM, FakeLLMStream, note, text
from livekit.agents import Agent, AgentServer, AgentSession, APIConnectOptions, APIStatusError, ErrorEvent, JobContext
from livekit.agents.voice.agent_session import SessionConnectOptions

server = AgentServer()


class FailingStream(FakeLLMStream):
    async def _run(self) -> None:
        model = self._llm
        said = self._chat_ctx.items[-1].text_content
        if model.failures.get(said):
            model.failures[said] -= 1
            raise APIStatusError("the service is down", status_code=503 if said == "once" else 401, retryable=said == "once")
        await super()._run()


class FailingLLM(FakeLLM):
    def __init__(self, script: dict[str, Any], failures: dict[str, int]) -> None:
        super().__init__(script)
        self.failures = failures

    def chat(self, *, chat_ctx: Any, tools: Any = None, conn_options: Any = None, **_: Any) -> FailingStream:
        return FailingStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options, tool_choice=None)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FailingLLM({"once": "It worked.", "hello": "Hello."}, {"once": 1, "never": 9})
    options = SessionConnectOptions(llm_conn_options=APIConnectOptions(max_retry=2, retry_interval=0.02))
    session = AgentSession(llm=llm, conn_options=options)

    @session.on("error")
    def failed(event: ErrorEvent) -> None:
        note("error", event.error.type, event.error.recoverable, event.source is llm)

    await session.start(Agent(instructions="Be brief."), room=ctx.room)


CALLER = [text("once"), text("never"), text("hello")]
