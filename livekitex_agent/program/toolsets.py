"""The toolsets of a session and of the agents that have its call: set up before the model is offered their tools, and closed after.

A session's are closed when it ends; an agent's when it hands the call on, or with the session. One that both agents of a hand-off have
stays open. Another incarnation sets them up anew: what they hold is no fact of the conversation.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from livekitex_agent.llm import Toolset
from livekitex_agent.program.guarded import run_guarded


class OpenToolsets:
    """Which are set up. One that fails is logged, and its tools are offered all the same. Each is closed after its setup has ended."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[Toolset, asyncio.Task[None]]] = {}
        """By their identity, for a user's may be equal: with what sets them up."""

    async def open(self, tools: Iterable[Any]) -> None:
        """Set up those among ``tools`` that are not, at once; returns when all are, whoever has begun with them."""
        setups = []
        for toolset in _toolsets(tools):
            if id(toolset) not in self._open:
                setup = asyncio.create_task(run_guarded(toolset.setup(), f"setup of the toolset {toolset.id}"))
                self._open[id(toolset)] = (toolset, setup)
            setups.append(self._open[id(toolset)][1])
        if setups:
            await asyncio.wait(setups)

    async def close(self, tools: Iterable[Any], *, but: Iterable[Any] = ()) -> None:
        """Close those among ``tools`` that are open and not in ``but``; returns when all are."""
        kept = {id(toolset) for toolset in _toolsets(but)}
        old = [self._open.pop(id(toolset)) for toolset in _toolsets(tools) if id(toolset) in self._open and id(toolset) not in kept]
        await asyncio.gather(*(_close(toolset, setup) for toolset, setup in old))

    async def close_all(self) -> None:
        """Nobody has the call any more."""
        await self.close([toolset for toolset, _ in self._open.values()])


def _toolsets(tools: Iterable[Any]) -> list[Toolset]:
    return [tool for tool in tools if isinstance(tool, Toolset)]


async def _close(toolset: Toolset, setup: "asyncio.Task[None]") -> None:
    await asyncio.wait([setup])
    await run_guarded(toolset.aclose(), f"aclose of the toolset {toolset.id}")
