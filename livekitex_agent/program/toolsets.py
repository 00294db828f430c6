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
    """Which are set up. One that fails is logged, and its tools are offered all the same."""

    def __init__(self) -> None:
        self._open: list[Toolset] = []

    async def open(self, tools: Iterable[Any]) -> None:
        """Set up those among ``tools`` that are not, at once; returns when all are."""
        known = len(self._open)
        for tool in tools:
            if isinstance(tool, Toolset) and tool not in self._open:
                self._open.append(tool)
        new = self._open[known:]
        await asyncio.gather(*(run_guarded(toolset.setup(), f"setup of the toolset {toolset.id}") for toolset in new))

    async def close(self, tools: Iterable[Any], *, but: Iterable[Any] = ()) -> None:
        """Close those among ``tools`` that are open and not in ``but``; returns when all are."""
        kept = list(but)
        old = [tool for tool in tools if tool in self._open and tool not in kept]
        self._open = [toolset for toolset in self._open if toolset not in old]
        await asyncio.gather(*(run_guarded(toolset.aclose(), f"aclose of the toolset {toolset.id}") for toolset in old))

    async def close_all(self) -> None:
        """Nobody has the call any more."""
        await self.close(tuple(self._open))
