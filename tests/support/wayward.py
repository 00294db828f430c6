"""Code that does whatever code can do wrong: behind a provider's method, in a tool, in a thread. Each deed has a name."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent import futures
from functools import partial
from typing import Any, Final

import numpy as np

from protocols import (
    LLM,
    AudioChunk,
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatMessage,
    ChatOptions,
    ProviderError,
    TextDelta,
    TokenUsage,
    ToolSchema,
)
from support import scripted_providers


class DumbError(Exception):
    """It cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Unreadable:
    """Nothing that can be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")


def throw(failure: BaseException) -> None:
    raise failure


def await_nothing_found() -> Any:
    """What ``next(item for item in menu if ...)`` does where there is none."""
    return next(iter([]))


RAISED: Final[Mapping[str, Callable[[], Any]]] = {
    "stop_iteration": await_nothing_found,
    "stop_iteration_by_hand": lambda: throw(StopIteration("x")),
    "stop_async_iteration": lambda: throw(StopAsyncIteration()),
    "cancelled": lambda: throw(asyncio.CancelledError()),
    "cancelled_future": lambda: throw(futures.CancelledError()),
    "generator_exit": lambda: throw(GeneratorExit()),
    "keyboard_interrupt": lambda: throw(KeyboardInterrupt()),
    "system_exit": partial(sys.exit, 3),
    "base_group": lambda: throw(BaseExceptionGroup("several", [KeyboardInterrupt(), ValueError("x")])),
    "group": lambda: throw(ExceptionGroup("several", [ValueError("x")])),
    "dumb": lambda: throw(DumbError()),
    "surrogate": lambda: throw(ValueError("no pizza \ud83c")),
    "long": lambda: throw(ValueError("x" * 3_000_000)),
    "recursion": lambda: throw(RecursionError("too deep")),
    "memory": lambda: throw(MemoryError()),
    "provider": lambda: throw(ProviderError("\udfff", retryable=False)),
}
"""What code may raise, wherever it runs."""


async def await_cancelled_future() -> None:
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def await_cancelled_task() -> None:
    task = asyncio.create_task(asyncio.Event().wait())
    await asyncio.sleep(0)
    task.cancel()
    await task


async def cancel_oneself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def _in_a_thread(deed: Callable[[], Any]) -> None:
    await asyncio.to_thread(deed)


async def _here(deed: Callable[[], Any]) -> None:
    deed()


AWAITED: Final[Mapping[str, Callable[[], Awaitable[Any]]]] = {
    "await_cancelled_future": await_cancelled_future,
    "await_cancelled_task": await_cancelled_task,
    "cancel_oneself": cancel_oneself,
    **{name: partial(_here, deed) for name, deed in RAISED.items()},
    **{f"{name}_in_a_thread": partial(_in_a_thread, deed) for name, deed in RAISED.items()},
}
"""What a coroutine may do."""

WRONG_VALUES: Final[Mapping[str, Any]] = {
    "none": None,
    "number": 5,
    "bytes": b"text",
    "text": "text",
    "unreadable": Unreadable(),
    "array": np.zeros(3, np.float32),
    "two_dimensions": np.zeros((2, 3)),
    "not_a_number": float("nan"),
    "negative": -0.5,
    "above_one": 1.5,
    "infinite": float("inf"),
    "mapping": {"text": "x"},
    "text_is_none": TextDelta(text=None),  # type: ignore[arg-type]
    "text_is_bytes": TextDelta(text=b"text"),  # type: ignore[arg-type]
    "call_is_a_map": {"name": "look", "arguments": "{}"},
    "index_is_text": CallDelta(index="0", name="look"),  # type: ignore[arg-type]
    "index_is_true": CallDelta(index=True, name="look"),
    "index_is_negative": CallDelta(index=-1, name="look"),
    "reason_is_a_word": ChatFinished(reason="because"),  # type: ignore[arg-type]
    "reason_is_none": ChatFinished(reason=None),  # type: ignore[arg-type]
    "tokens_are_negative": TokenUsage(prompt_tokens=-1),
    "tokens_are_text": TokenUsage(completion_tokens="5"),  # type: ignore[arg-type]
    "tokens_are_none": TokenUsage(cached_prompt_tokens=None),  # type: ignore[arg-type]
    "arguments_are_a_map": CallDelta(call_id="1", name="look", arguments={}),  # type: ignore[arg-type]
    "arguments_are_none": CallDelta(call_id="1", name="look", arguments=None),  # type: ignore[arg-type]
    "name_is_bytes": CallDelta(call_id="1", name=b"look", arguments="{}"),  # type: ignore[arg-type]
    "id_is_a_number": CallDelta(call_id=1, name="look", arguments="{}"),  # type: ignore[arg-type]
    "other_rate": AudioChunk(pcm=bytes(320), rate_hz=8_000),
}
"""What no provider may give: each is wrong for every kind of provider but, some of them, for one."""


class Model(LLM):
    """Says ``do X`` does the deed X in the middle of its reply, ``give X`` gives the value X; anything else is answered."""

    def __init__(self) -> None:
        self._sound = scripted_providers.llm({})

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[Any]:
        verb, _, name = context.messages[-1].text.partition(" ")
        asked = isinstance(context.items[-1], ChatMessage)
        if asked and verb == "do":
            yield TextDelta(text="One moment. And")
            await AWAITED[name]()
        elif asked and verb == "give":
            yield WRONG_VALUES[name]
        elif asked and verb == "emoji":
            yield TextDelta(text="a pizza \ud83c")
            yield TextDelta(text="\udf55 and \udf55.")
        else:
            async for delta in self._sound.chat(context, tools, options):
                yield delta


def llm(options: Mapping[str, Any]) -> LLM:
    return Model()


def sync_tool(deed: str) -> str:
    """Do something in a thread."""
    return str(RAISED[deed]())


RELEASED: Final = threading.Event()


def stuck_tool() -> str:
    """Do not return before the test is over."""
    RELEASED.wait()
    return "late"


async def async_tool(deed: str) -> str:
    """Do something on the loop."""
    return str(await AWAITED[deed]())


def surrogates() -> str:
    """Give text that is none."""
    return "a pizza \ud83c"


async def everybody_out() -> str:
    """Cancel every task that there is."""
    for task in asyncio.all_tasks():
        task.cancel()
    await asyncio.sleep(0)
    return "done"


def wire(name: str) -> dict[str, Any]:
    """A tool of this module as it travels."""
    properties = {"deed": {"type": "string"}} if name in ("sync_tool", "async_tool") else {}
    return {
        "source": f"support.wayward:{name}",
        "name": name,
        "description": "",
        "parameters": {"type": "object", "properties": properties, "required": list(properties)},
        "timeout_ms": 20 if name == "stuck_tool" else 30_000,
        "idempotent": False,
    }
