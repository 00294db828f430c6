"""Tools that leave lines in a file and die at a point of their run, and providers that die of certain words, for tests of what follows.

Whoever dies does it in C or by a signal, never in Python. The lines in the file outlive the process, so they tell what really happened.
"""

import asyncio
import ctypes
import os
import signal
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from livekitex_agent import Agent, ProviderRef, RunContext, function_tool
from protocols import LLM, STT, ChatContext, ChatMessage, ChatOptions, FunctionCall, FunctionCallOutput, LLMEvent, ToolSchema, Transcript
from support.scripted_providers import llm as scripted_llm
from support.scripted_providers import stt as scripted_stt

POISON: Final = "anchovies"


def append(path: str, line: str) -> None:
    """One line, in one write."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


class _Deadly(dict[str, Any]):
    """Data that kills whoever writes it down: a tool has returned by then, and its result is in no journal yet."""

    def items(self) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


@function_tool
def order(path: str, point: str, context: RunContext) -> str:
    """Place an order, and die at ``point`` of the first life that tries."""
    append(path, f"life {context.incarnation}")
    context.user_data["orders"] = context.user_data.get("orders", 0) + 1
    if context.incarnation == 1 and point == "during":
        os.kill(os.getpid(), signal.SIGKILL)
    if context.incarnation == 1 and point == "returned":
        context.user_data["deadly"] = _Deadly(x=1)
    return f"{context.user_data['orders']} orders"


@function_tool(idempotent=True)
def look_up(path: str, point: str, context: RunContext) -> str:
    """Look something up, which may be done again; dies as `order` does."""
    return str(order(path, point, context))


@function_tool(idempotent=True)
def serve(product: str, path: str) -> str:
    """Serve a product; one of them it does not survive."""
    append(path, product)
    if product == POISON:
        os.abort()
    return f"{product} served"


@function_tool
async def count(context: RunContext) -> str:
    """Count, in a coroutine."""
    await asyncio.sleep(0)
    context.user_data["count"] = context.user_data.get("count", 0) + 1
    return str(context.user_data["count"])


class Till:
    """Tools that belong to a class."""

    start = 10

    @staticmethod
    def add(context: RunContext, amount: int) -> str:
        """Add an amount."""
        context.user_data["sum"] = context.user_data.get("sum", 0) + amount
        return str(context.user_data["sum"])

    @classmethod
    def opening(cls, context: RunContext) -> str:
        """Begin with what is in the till."""
        context.user_data["sum"] = cls.start
        return str(cls.start)


class _PoisonedLlm(LLM):
    """Notes each time that it is told of the poison, and dies of it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._llm = scripted_llm({})

    def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        if POISON in " ".join(_words(context)):
            append(self._path, "asked")
            ctypes.string_at(0)
        return self._llm.chat(context, tools, options)


class _PoisonedStt(STT):
    """Notes each time that it hears the poison, and dies of it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stt = scripted_stt({})

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        transcript = await self._stt.recognize(pcm, language=language)
        if POISON in transcript.text:
            append(self._path, transcript.text)
            ctypes.string_at(0)
        return transcript


def llm(options: Mapping[str, Any]) -> LLM:
    return _PoisonedLlm(options["path"])


def stt(options: Mapping[str, Any]) -> STT:
    return _PoisonedStt(options["path"])


def agent(**changes: Any) -> Agent:
    """An agent with tools, whose model does what it is told: ``use NAME {json}``."""
    tools = [order, look_up, serve, count, Till.add, Till.opening]
    return Agent.text(instructions="Be brief.", tools=tools, **{"llm": provider("scripted_providers:llm"), **changes})


def voice_agent(path: str) -> Agent:
    """An agent whose ears die of the poison."""
    ears = {"vad": provider("scripted_providers:vad"), "stt": provider("poison:stt", path=path)}
    return Agent(instructions="Be brief.", **ears, tts=provider("scripted_providers:tts"), llm=provider("scripted_providers:llm"))


def provider(name: str, **options: Any) -> ProviderRef:
    return ProviderRef(factory=f"support.{name}", options=options)


def _words(context: ChatContext) -> Iterable[str]:
    for item in context:
        match item:
            case ChatMessage():
                yield item.text
            case FunctionCall():
                yield item.arguments
            case FunctionCallOutput():
                yield item.output
            case _:
                pass
