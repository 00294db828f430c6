"""Tasks one after the other, in which the caller may go back to one that he was through."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self

from pydantic import Field

from livekitex_agent.beta.workflows.summary import summarized
from livekitex_agent.llm import ChatContext, FunctionTool, ToolError, ToolFlag, function_tool
from livekitex_agent.types import NOT_GIVEN, NotGivenOr
from livekitex_agent.voice.agent_task import AgentTask

DESCRIPTION: Final = (
    "Call to regress to other tasks according to what the user requested to modify, return the corresponding task ids. "
    'For example, if the user wants to change their email and there is a task with id "email_task" with a description of '
    '"Collect the user\'s email", return the id ("get_email_task").'
    "If the user requests to regress to multiple tasks, such as changing their phone number and email, return both task ids in the order "
    "they were requested.The following are the IDs and their corresponding task description. "
)
"""LiveKit's words: a program's prompts, and what it records of them, go by them."""


class GoesBack(ToolError):  # noqa: N818 - nothing has failed
    """The outcome of a task in which the caller goes back to others."""

    def __init__(self, task_ids: list[str]) -> None:
        super().__init__(f"the user goes back to {', '.join(task_ids)}")
        self.task_ids = task_ids


@dataclass
class TaskGroupResult:
    """What each task came to, by its id."""

    task_results: dict[str, Any]


@dataclass
class TaskCompletedEvent:
    """A task of the group is completed."""

    agent_task: AgentTask[Any]
    task_id: str
    result: Any


@dataclass(frozen=True)
class _Planned:
    make: Callable[[], AgentTask[Any]]
    description: str


class TaskGroup(AgentTask[TaskGroupResult]):
    """Runs the tasks that were added in their order; each knows what was said in those before it.

    In each but the first the model may go back to others that the caller has been through: they are run again, then the one that was left.
    A task that fails ends the group with its failure; with ``return_exceptions`` the failure is the task's result. ``on_task_completed`` is
    awaited after each. With ``summarize_chat_ctx`` the agent that has awaited the group is left with a summary of it, made by the session's
    model, where that is an object of the program's; else with all that was said.
    """

    def __init__(
        self,
        *,
        summarize_chat_ctx: bool = True,
        return_exceptions: bool = False,
        chat_ctx: NotGivenOr[ChatContext] = NOT_GIVEN,
        on_task_completed: Callable[[TaskCompletedEvent], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(instructions="*empty*", chat_ctx=chat_ctx)
        self._summarize = summarize_chat_ctx
        self._return_exceptions = return_exceptions
        self._on_task_completed = on_task_completed
        self._planned: dict[str, _Planned] = {}
        self._visited: set[str] = set()
        self._current: AgentTask[Any] | None = None

    def add(self, task_factory: Callable[[], AgentTask[Any]], *, id: str, description: str) -> Self:  # noqa: A002 - LiveKit's
        """Have the task that ``task_factory`` makes run next; ``description`` tells the model when to go back to it."""
        self._planned[id] = _Planned(task_factory, description)
        return self

    async def on_enter(self) -> None:
        """Run the tasks."""
        left = list(self._planned)
        results: dict[str, Any] = {}
        self._visited = set()
        try:
            while left:
                task_id = left.pop(0)
                try:
                    results[task_id] = await self._run_one(task_id)
                except GoesBack as back:
                    left = [*back.task_ids, task_id, *left]
                except Exception as failure:  # noqa: BLE001 - what user code raises is the task's outcome
                    results[task_id] = self._kept(failure)
            if self._summarize and hasattr(self.session.llm, "chat"):
                await self.update_chat_ctx(await summarized(self.chat_ctx, self.session.llm))
        except Exception as failure:  # noqa: BLE001 - it is told to whoever awaits the group
            self.complete(failure)
            return
        self.complete(TaskGroupResult(task_results=results))

    async def _run_one(self, task_id: str) -> Any:  # noqa: ANN401 - the task's own
        task = self._current = self._planned[task_id].make()
        await task.update_chat_ctx(self.chat_ctx)
        others = {other: planned.description for other, planned in self._planned.items() if other in self._visited and other != task_id}
        if self._visited:
            await task.update_tools([*task.tools, self._back_tool(others)])
        self._visited.add(task_id)
        result = await task
        # Who awaits a task is given what was said in it, not what was called: a summary is to know that as well.
        known = self.chat_ctx
        await self.update_chat_ctx(known.merge(task.chat_ctx, exclude_instructions=True), exclude_invalid_function_calls=False)
        if self._on_task_completed is not None:
            await self._on_task_completed(TaskCompletedEvent(agent_task=task, task_id=task_id, result=result))
        return result

    def _kept(self, failure: Exception) -> Exception:
        if not self._return_exceptions:
            raise failure
        return failure

    def _back_tool(self, others: dict[str, str]) -> FunctionTool:
        async def out_of_scope(
            task_ids: Annotated[
                list[str],
                Field(description="The IDs of the tasks requested", json_schema_extra={"items": {"type": "string", "enum": list(others)}}),
            ],
        ) -> None:
            for task_id in task_ids:
                if task_id not in self._visited:
                    raise ToolError(f"unable to regress, invalid task id {task_id}")
            if self._current is not None and not self._current.done():
                self._current.complete(GoesBack(task_ids))

        told = DESCRIPTION + json.dumps(others, ensure_ascii=False)
        return function_tool(out_of_scope, description=told, flags=ToolFlag.IGNORE_ON_ENTER)
