"""A language model made of rules: the streaming tool-calling contract of a remote model, without one."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from hashlib import blake2b
from typing import Final

from actors.providers.offline.rules import Rules, converse
from protocols import CallDelta, ChatMessage, FunctionCall, LLMDelta, ProviderError, TextDelta, ToolSchema

_ID_BYTES: Final = 8


class RuleLlm:
    """An `LLM` that answers by `Rules`, word by word. It has no state: the same history has the same deltas.

    The computation runs in a thread and takes 0.3 ms for each utterance of the history that is new to this process.
    ``first_token_delay_ms`` imitates a remote model.
    """

    def __init__(self, rules: Rules, *, first_token_delay_ms: float = 0.0) -> None:
        self._rules = rules
        self._delay_s = first_token_delay_ms / 1000

    async def chat(self, history: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> AsyncIterator[LLMDelta]:
        """Stream the reply: its words, then its calls. Calls have ids that follow from the history.

        Raises:
            ProviderError: a rule calls a tool that is not among ``tools``.
        """
        reply = await asyncio.to_thread(converse, self._rules, history)
        offered = {tool.name for tool in tools}
        for name, _ in reply.calls:
            if name not in offered:
                raise ProviderError(f"a rule calls the tool {name}, which the agent does not have: add it to the agent", retryable=False)
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        words = reply.text.split(" ")
        for at, word in enumerate(words):
            if word:
                yield TextDelta(text=word if at == len(words) - 1 else f"{word} ")
        for at, (name, arguments) in enumerate(reply.calls):
            call = FunctionCall(call_id=_call_id(history, at), name=name, arguments=json.dumps(arguments, ensure_ascii=False))
            yield CallDelta(call=call)


def _call_id(history: Sequence[ChatMessage], at: int) -> str:
    """An id that no other call of this conversation has: it follows from all that was said and called before."""
    digest = blake2b(digest_size=_ID_BYTES)
    for message in history:
        digest.update(repr((message.role, message.content, message.calls, message.call_id)).encode())
    return f"call_{digest.hexdigest()}_{at}"
