"""In which order a group runs its tasks, what each knows, and how the caller goes back."""

import asyncio
from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent.beta.workflows import TaskCompletedEvent, TaskGroup, TaskGroupResult
from livekitex_agent.llm import ChatContext, ToolError
from protocols import TextDelta

pytestmark = pytest.mark.asyncio


class Task:
    """A task, as a group uses one; ``act`` is what happens in it."""

    def __init__(self, act: Callable[["Task"], Any]) -> None:
        self.act = act
        self.tools: list[Any] = []
        self.chat_ctx = ChatContext.empty()
        self.result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def update_chat_ctx(self, chat_ctx: ChatContext) -> None:
        self.chat_ctx = chat_ctx.copy()

    async def update_tools(self, tools: list[Any]) -> None:
        self.tools = list(tools)

    def done(self) -> bool:
        return self.result.done()

    def complete(self, result: Any) -> None:
        if isinstance(result, Exception):
            self.result.set_exception(result)
        else:
            self.result.set_result(result)

    def __await__(self) -> Generator[Any, None, Any]:
        async def run() -> Any:
            await self.act(self)
            return await self.result

        return run().__await__()


class Group(TaskGroup):
    """A group in a session whose model is ``model``; keeps what it came to."""

    model: Any = None
    outcome: Any = None

    @property
    def session(self) -> Any:
        return SimpleNamespace(llm=self.model)

    def complete(self, result: Any) -> None:
        self.outcome = result


def gives(result: Any, said: str = "") -> Callable[[Task], Any]:
    async def act(task: Task) -> None:
        if said:
            task.chat_ctx.add_message(role="user", content=said)
        task.complete(result)

    return act


def group(*acts: tuple[str, Callable[[Task], Any]], **options: Any) -> tuple[Group, list[Task]]:
    made = Group(**{"summarize_chat_ctx": False, **options})
    tasks: list[Task] = []

    def factory(act: Callable[[Task], Any]) -> Callable[[], Any]:
        def make() -> Task:
            tasks.append(Task(act))
            return tasks[-1]

        return make

    for task_id, act in acts:
        assert made.add(factory(act), id=task_id, description=f"gets the {task_id}") is made
    return made, tasks


async def test_tasks_run_one_after_the_other_and_know_what_was_said() -> None:
    told: list[Any] = []

    async def completed(event: TaskCompletedEvent) -> None:
        told.append(event)

    made, tasks = group(("name", gives("Ada", "I am Ada")), ("email", gives("a@b.org")), on_task_completed=completed)
    await made.on_enter()
    assert made.outcome == TaskGroupResult({"name": "Ada", "email": "a@b.org"})
    assert [message.text_content for message in tasks[1].chat_ctx.messages()] == ["I am Ada"]
    assert [(event.task_id, event.result, event.agent_task) for event in told] == [
        ("name", "Ada", tasks[0]),
        ("email", "a@b.org", tasks[1]),
    ]
    assert tasks[0].tools == [], "there is nothing to go back to"


async def test_the_caller_goes_back_and_then_on_where_he_was() -> None:
    names = iter(["Ada", "Eda"])

    async def name(task: Task) -> None:
        task.complete(next(names))

    async def email(task: Task) -> None:
        if len(tasks) > 2:
            task.complete("a@b.org")
            return
        (back,) = task.tools
        assert back.id == "out_of_scope"
        assert '"name": "gets the name"' in back.schema.description
        assert "email" not in str(back.schema.parameters)
        with pytest.raises(ToolError, match="unable to regress, invalid task id phone"):
            await back(task_ids=["phone"])
        await back(task_ids=["name"])
        await back(task_ids=["name"])

    made, tasks = group(("name", name), ("email", email))
    await made.on_enter()
    assert made.outcome.task_results == {"name": "Eda", "email": "a@b.org"}
    assert len(tasks) == 4
    assert [tool.id for tool in tasks[2].tools] == ["out_of_scope"], "from the first one may go back to the second"


@pytest.mark.parametrize("failure", [ToolError("declined"), ValueError("broken")])
async def test_a_failure_ends_the_group_or_is_a_result(failure: Exception) -> None:
    made, tasks = group(("name", gives(failure)), ("email", gives("a@b.org")))
    await made.on_enter()
    assert made.outcome is failure
    assert len(tasks) == 1
    kept, _ = group(("name", gives(failure)), ("email", gives("a@b.org")), return_exceptions=True)
    await kept.on_enter()
    assert kept.outcome.task_results == {"name": failure, "email": "a@b.org"}


class Model:
    """A model of our contract, which answers with what it was asked."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.asked = ""

    async def chat(self, messages: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        self.asked = list(messages)[-1].text
        yield TextDelta(text="The user is Ada.")


async def test_what_was_said_becomes_a_summary() -> None:
    made, _ = group(("name", gives("Ada", "I am Ada")), summarize_chat_ctx=True)
    made.model = Model()
    await made.on_enter()
    assert "user: I am Ada" in made.model.asked
    (summary,) = made.chat_ctx.messages()
    assert summary.text_content == "<chat_history_summary>\nThe user is Ada.\n</chat_history_summary>"
    assert summary.extra == {"is_summary": True}
    again, _ = group(("name", gives("Ada")), summarize_chat_ctx=True, chat_ctx=made.chat_ctx)
    again.model = Model(ValueError("not asked: there is nothing but a summary"))
    await again.on_enter()
    assert again.chat_ctx.items == made.chat_ctx.items


async def test_a_summary_that_fails_is_told_and_one_that_cannot_be_made_is_left_out() -> None:
    made, _ = group(("name", gives("Ada", "I am Ada")), summarize_chat_ctx=True)
    made.model = Model(ValueError("no model"))
    await made.on_enter()
    assert isinstance(made.outcome, ValueError)
    without, _ = group(("name", gives("Ada", "I am Ada")), summarize_chat_ctx=True)
    await without.on_enter()
    assert [message.text_content for message in without.chat_ctx.messages()] == ["I am Ada"]
