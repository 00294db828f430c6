"""An agent that has the call for a task, and then gives it back with a result."""

import asyncio
from collections.abc import Generator
from contextvars import ContextVar
from typing import Any, Final, Generic, TypeVar

from livekitex_agent.llm import ToolError
from livekitex_agent.voice.activity import Activity
from livekitex_agent.voice.agent import Agent

TaskResult_T = TypeVar("TaskResult_T")

RUNNING: ContextVar[Activity | None] = ContextVar("livekitex_activity", default=None)
"""In hooks and tools of agents, and in their tasks: what runs the conversation."""
LEAVING: ContextVar[bool] = ContextVar("livekitex_leaving", default=False)
"""In an `on_exit`, and its tasks: the call goes from one agent to another."""
IN_TRANSITION: Final = (
    "An agent transition is in progress, so this tool call cannot continue. "
    "Wait until the transition is complete before retrying, if the tool is available to the new agent."
)
OUTSIDE: Final = "should only be awaited inside tool_functions or the on_enter/on_exit methods of an Agent"


class AgentTask(Agent, Generic[TaskResult_T]):
    """Awaited in a hook or a tool of an agent, it has the call until it is `complete`; then that agent has it again, and goes on.

    A task that is awaited in `on_enter` survives a death: what was completed is known, what was not is entered again. Of a tool that awaits
    one the outcome is unknown after a death, and the call is its agent's again.
    """

    def __init__(self, *, instructions: Any, preserve_function_call_history: bool = False, **arguments: Any) -> None:  # noqa: ANN401 - `Agent`'s
        super().__init__(instructions=instructions, **arguments)
        self._preserve_function_call_history = preserve_function_call_history
        self._result: asyncio.Future[TaskResult_T] = asyncio.get_running_loop().create_future()
        self._awaited = False

    def done(self) -> bool:
        """Whether it is complete."""
        return self._result.done()

    def complete(self, result: TaskResult_T | Exception) -> None:
        """Give the call back, with ``result``: whoever awaits the task gets it, or has it raised.

        Raises:
            RuntimeError: it is complete.
        """
        if self._result.done():
            raise RuntimeError(f"{type(self).__name__} is already done")
        if isinstance(result, Exception):
            self._result.set_exception(result)
            self._result.exception()  # who does not await it has been told otherwise
        else:
            self._result.set_result(result)
        activity = RUNNING.get()
        if activity is not None:
            activity.completed(result)

    def cancel(self) -> None:
        """Give the call back without a result: whoever awaits the task has a `ToolError` raised."""
        if not self._result.done():
            self.complete(ToolError(f"AgentTask {self.id} is cancelled"))

    def __await__(self) -> Generator[Any, None, TaskResult_T]:
        """Have the call, and give the result.

        Raises:
            RuntimeError: it is awaited a second time, or neither in a hook nor in a tool of a running agent.
            ToolError: it is awaited in `on_exit`: the call is on its way to another agent.
            Exception: what it was completed with.
        """
        return self._run().__await__()

    async def _run(self) -> TaskResult_T:
        if self._awaited:
            raise RuntimeError(f"{type(self).__name__} is not re-entrant, await only once")
        if LEAVING.get():
            raise ToolError(IN_TRANSITION)
        activity = RUNNING.get()
        if activity is None:
            raise RuntimeError(f"{type(self).__name__} {OUTSIDE}")
        self._awaited = True
        result: TaskResult_T = await activity.run_task(self)
        return result
