"""A language model that says what its script says."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from actors import OptionReader
from livekitex_agent.testing.fakes.replies import Reply, Script, read_replies
from protocols import (
    LLM,
    ChatContext,
    ChatFinished,
    ChatMessage,
    ChatOptions,
    FinishReason,
    FunctionCall,
    FunctionCallOutput,
    LLMEvent,
    ProviderError,
    Role,
    TextDelta,
    ToolSchema,
)

PIECE_CHARS: Final = 8
"""Of text that comes at a pace: so many characters at a time."""


class ScriptedLLM(LLM):
    """See the module. Each answer is the first line of the script that fits, see `replies.Reply`."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._answers = 0

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """See `LLM.chat`.

        Raises (from the iteration):
            ProviderError: the script says so, or has no reply.
        """
        del tools, options
        said, tool = _asked(context)
        reply = self._script.answer(said, tool)
        self._answers += 1
        if reply is None:
            about = f"the result of {tool}" if tool else repr(said)
            raise ProviderError(f"scripted_llm has no reply to {about:.80}: it has {self._script.to_dict()!r:.200}", retryable=False)
        await asyncio.sleep(reply.first_token_ms / 1000)
        async for piece in _at_its_pace(reply, said):
            yield TextDelta(text=piece)
        for call in reply.calls_of(self._answers):
            yield call
        if reply.silent:
            await asyncio.Event().wait()
        if reply.fails:
            raise ProviderError(reply.fails, retryable=reply.retryable)
        yield ChatFinished(reason=FinishReason.TOOL_CALLS if reply.calls else FinishReason.STOP)


def scripted_llm(options: Mapping[str, Any]) -> LLM:
    """A model that answers by its ``replies``, a list of maps with the fields of `replies.Reply`.

    Raises:
        ConfigurationError: an option is none; the text names the cure.
    """
    reader = OptionReader("scripted_llm", options)
    script = Script(read_replies(reader.anything("replies", [{"say": "You said {input}."}])))
    reader.finish()
    return ScriptedLLM(script)


def _asked(context: ChatContext) -> tuple[str, str]:
    """The last message that wants an answer, and the tool whose result it is (empty: it is the caller's)."""
    names = {item.call_id: item.name for item in context if isinstance(item, FunctionCall)}
    for item in reversed(context.items):
        match item:
            case ChatMessage(role=Role.USER):
                return item.text, ""
            case FunctionCallOutput():
                return item.output, item.name or names.get(item.call_id, "?")
            case _:
                pass
    return "", ""


async def _at_its_pace(reply: Reply, said: str) -> AsyncIterator[str]:
    text = reply.text_for(said)
    if not reply.chars_per_s:
        if text:
            yield text
        return
    for at in range(0, len(text), PIECE_CHARS):
        if at:
            await asyncio.sleep(PIECE_CHARS / reply.chars_per_s)
        yield text[at : at + PIECE_CHARS]
