"""The session of a simulated system: the product's, without threads, and with the test's mocks in front of its tools."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from actors import FunctionTool, InlineAgentSession, Parts
from livekitex_agent.testing.simulated_system import SimulationLoop, running_loop

T = TypeVar("T")


class SimulatedSession(InlineAgentSession):
    """See the module."""

    def in_background(self, work: Callable[[], T], then: Callable[[T | BaseException], None]) -> None:
        """See `AgentSession.in_background`."""
        loop = running_loop()

        def mockable() -> T:
            made = work()
            if isinstance(made, Parts):
                loop.tools |= made.tools
                return replace(made, tools={name: _mockable(loop, tool) for name, tool in made.tools.items()})
            return made

        super().in_background(mockable, then)


def _mockable(loop: SimulationLoop, tool: FunctionTool) -> FunctionTool:
    async def call(**arguments: Any) -> Any:  # noqa: ANN401 - the tool's own
        return await loop.mocks.call(original, arguments)

    original = tool if inspect.iscoroutinefunction(tool.function) else replace(tool, function=_in_thread(tool.function))
    return replace(tool, function=call)


def _in_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(**arguments: Any) -> Any:  # noqa: ANN401 - the tool's own
        return await asyncio.to_thread(function, **arguments)

    return call
