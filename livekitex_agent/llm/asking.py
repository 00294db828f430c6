"""Asking a language model one question, whichever base class it has."""

import inspect
from typing import Any

from actors import complete_llm
from livekitex_agent.llm.chat_context import ChatContext
from protocols import DEFAULT_CHAT_OPTIONS, Role, TextDelta
from protocols import ChatContext as FrozenContext

__all__ = ["answer_of"]


async def answer_of(model: Any, instructions: str, question: str) -> str:  # noqa: ANN401 - a model of either family
    """The text that ``model`` answers: one of LiveKit's base class, or one of our contract, whole or with ``chat`` alone.

    Raises:
        Exception: whatever it raises.
    """
    if "chat_ctx" in inspect.signature(model.chat).parameters:
        return await _of_livekits(model, instructions, question)
    context = FrozenContext().add_message(Role.SYSTEM, instructions).add_message(Role.USER, question)
    answer = complete_llm(model).chat(context, (), DEFAULT_CHAT_OPTIONS)
    return "".join([delta.text async for delta in answer if isinstance(delta, TextDelta)])


async def _of_livekits(model: Any, instructions: str, question: str) -> str:  # noqa: ANN401 - as above
    context = ChatContext.empty()
    context.add_message(role="system", content=instructions)
    context.add_message(role="user", content=question)
    async with model.chat(chat_ctx=context) as stream:
        return "".join([chunk.delta.content async for chunk in stream if chunk.delta and chunk.delta.content])
