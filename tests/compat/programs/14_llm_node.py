"""The llm_node is overridden: it asks the default, yields words of its own, or yields nothing but a tool call."""

from collections.abc import AsyncIterable
from typing import Any

from fakes import FakeLLM, note, text
from livekit.agents import Agent, AgentServer, AgentSession, ChatContext, JobContext, ModelSettings, function_tool, llm

server = AgentServer()


class Thinker(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You think.")

    @function_tool
    async def look(self) -> str:
        """Look."""
        return "seen"

    async def llm_node(self, chat_ctx: ChatContext, tools: list[Any], model_settings: ModelSettings) -> AsyncIterable[Any]:
        last = chat_ctx.items[-1]
        note("asked", last.type, len(tools), str(model_settings.tool_choice))
        if last.type == "message" and last.text_content == "skip":
            yield "I "
            yield "skip that."
            return
        async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
            if isinstance(chunk, llm.ChatChunk) and chunk.delta and chunk.delta.content:
                chunk.delta.content = chunk.delta.content.upper()
            yield chunk


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    await AgentSession(llm=FakeLLM({"hello": "Hello there."})).start(Thinker(), room=ctx.room)


CALLER = [text("hello"), text("skip")]
