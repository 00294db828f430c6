"""A language model made of rules: the streaming tool-calling contract of a remote model, without one."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from actors.providers.offline.rules import Rules, converse
from protocols import (
    LLM,
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatOptions,
    Fault,
    FinishReason,
    LLMEvent,
    ProviderError,
    TextDelta,
    ToolChoice,
    ToolSchema,
)

_ID_BYTES: Final = 8


class RuleLLM(LLM):
    """An `LLM` that answers by `Rules`, word by word. It has no state: the same context has the same deltas.

    The computation runs in a thread and takes 0.3 ms for each utterance of the context that is new to this process.
    ``first_token_delay_ms`` imitates a remote model.
    """

    label = "rules"

    def __init__(self, rules: Rules, *, first_token_delay_ms: float = 0.0) -> None:
        self._rules = rules
        self._delay_s = first_token_delay_ms / 1000

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """Stream the reply: its words, then its calls. Calls have ids that follow from the context.

        Raises:
            ProviderError: a rule calls a tool that is not among ``tools``, or ``options`` want a call of the model.
        """
        if options.tool_choice not in (ToolChoice.AUTO, ToolChoice.NONE):
            raise ProviderError("rules decide which tools they call: use tool_choice auto or none", retryable=False, fault=Fault.CALLER)
        reply = await asyncio.to_thread(converse, self._rules, context)
        offered = {tool.name for tool in tools}
        wanted = reply.calls if options.tool_choice is ToolChoice.AUTO else ()
        for name, _ in wanted:
            if name not in offered:
                text = f"a rule calls the tool {name}, which the agent does not have: add it to the agent"
                raise ProviderError(text, retryable=False, fault=Fault.CALLER)
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        words = reply.text.split(" ")
        for at, word in enumerate(words):
            if word:
                yield TextDelta(text=word if at == len(words) - 1 else f"{word} ")
        for at, (name, arguments) in enumerate(wanted):
            written = json.dumps(arguments, ensure_ascii=False)
            yield CallDelta(index=at, call_id=_call_id(context, at), name=name, arguments=written)
        yield ChatFinished(reason=FinishReason.TOOL_CALLS if wanted else FinishReason.STOP)


def _call_id(context: ChatContext, at: int) -> str:
    """An id that no other call of this conversation has: it follows from all that was said and called before."""
    digest = blake2b(digest_size=_ID_BYTES)
    for item in context:
        digest.update(repr(replace(item, id="", created_at=0.0)).encode())
    return f"call_{digest.hexdigest()}_{at}"
