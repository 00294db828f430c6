"""When a run is over, what it came to, and in which order it tells what happened."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent.voice.run_result import RunResult, UnexpectedModelBehavior

pytestmark = pytest.mark.asyncio


class Speech:
    """What a speech handle has."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.over = False
        self.callbacks: list[Any] = []

    def done(self) -> bool:
        return self.over

    def exception(self) -> BaseException | None:
        return self.error

    def add_done_callback(self, callback: Any) -> None:
        self.callbacks.append(callback)

    def remove_done_callback(self, callback: Any) -> None:
        if callback in self.callbacks:
            self.callbacks.remove(callback)

    def end(self) -> None:
        self.over = True
        for callback in tuple(self.callbacks):
            callback(self)


def item(kind: str, at: float, **fields: Any) -> Any:
    return SimpleNamespace(type=kind, created_at=at, **fields)


async def test_a_run_is_over_when_all_that_was_watched_is() -> None:
    run: RunResult[Any] = RunResult("hello")
    first, later = Speech(), asyncio.get_running_loop().create_future()
    assert not run.done()
    run.watch(first)
    run.watch(first)
    run.watch(later)
    first.end()
    assert not run.done()
    later.set_result(None)
    assert await asyncio.wait_for(run, 5) is run
    assert run.done()
    assert run.user_input == "hello"
    assert not first.callbacks


async def test_what_is_no_more_watched_is_not_waited_for() -> None:
    run: RunResult[Any] = RunResult()
    blocked, other = Speech(), Speech()
    run.watch(blocked)
    assert run.unwatch(blocked)
    assert not run.unwatch(blocked)
    assert not run.done(), "nothing is watched: what goes on in its place comes"
    run.watch(blocked)
    run.watch(other)
    other.end()
    assert not run.done()
    run.unwatch(blocked)
    assert run.done()


async def test_events_are_in_the_order_of_their_time_and_end_with_the_run() -> None:
    run: RunResult[Any] = RunResult("hello")
    old, new = object(), object()
    run.record_item(item("function_call", 2.0, name="f", arguments="{}"))
    run.record_item(item("message", 1.0, role="user", text_content="hello"))
    run.record_item(item("agent_config_update", 1.5))
    run.record_handoff(item("agent_handoff", 3.0), old, new)
    run.record_item(item("function_call_output", 2.0, name="f", output="ok", is_error=False))
    assert [each.type for each in run.events] == ["message", "function_call", "function_call_output", "agent_handoff"]
    handoff = run.expect[-1].is_agent_handoff(new_agent_type=object).event()
    assert (handoff.old_agent, handoff.new_agent) == (old, new)
    run.finish()
    run.record_item(item("message", 9.0, role="assistant", text_content="late"))
    assert len(run.events) == 4


async def test_expectations_go_on_where_they_stopped() -> None:
    run: RunResult[Any] = RunResult()
    run.record_item(item("message", 1.0, role="assistant", text_content="one"))
    run.expect.next_event().is_message()
    run.expect.no_more_events()


async def test_the_output_is_that_of_the_last_task() -> None:
    run: RunResult[int] = RunResult("hello", int)
    speech = Speech()
    run.watch(speech)
    with pytest.raises(RuntimeError, match="RunResult is not done"):
        _ = run.final_output
    run.record_output(1)
    run.record_output(0)
    speech.end()
    assert (await run).final_output == 0
    run.record_output(2)
    run.finish(3)
    assert run.final_output == 0


async def test_a_run_that_came_to_nothing_has_no_output() -> None:
    run: RunResult[Any] = RunResult()
    run.finish()
    with pytest.raises(RuntimeError, match="no final output"):
        _ = run.final_output


async def test_a_run_fails_with_its_task_its_last_speech_or_a_wrong_output() -> None:
    failed: RunResult[Any] = RunResult()
    failed.finish(ValueError("the task"))
    with pytest.raises(ValueError, match="the task"):
        await failed
    with pytest.raises(ValueError, match="the task"):
        _ = failed.final_output
    silent: RunResult[Any] = RunResult()
    speech = Speech(ConnectionError("the model"))
    silent.watch(speech)
    speech.end()
    with pytest.raises(ConnectionError, match="the model"):
        await silent
    wrong: RunResult[int] = RunResult(output_type=int, ask_again=lambda _text: Speech())
    wrong.finish("text")
    with pytest.raises(UnexpectedModelBehavior, match="Expected output of type int, got str"):
        await wrong


async def test_the_model_is_asked_again_for_an_output_and_not_without_end() -> None:
    asked: list[tuple[str, Speech]] = []

    def ask_again(instructions: str) -> Speech:
        asked.append((instructions, Speech()))
        return asked[-1][1]

    run = RunResult("hello", int, output_options={"max_retries": 2, "retry_instructions": "Give a number."}, ask_again=ask_again)
    first = Speech()
    run.watch(first)
    first.end()
    assert not run.done()
    asked[0][1].end()
    run.record_output(7)
    asked[1][1].end()
    assert (await run).final_output == 7
    assert [text for text, _ in asked] == ["Give a number."] * 2

    asked.clear()
    never = RunResult("hello", int, output_options=None, ask_again=ask_again)
    only = Speech()
    never.watch(only)
    only.end()
    with pytest.raises(UnexpectedModelBehavior, match="got NoneType"):
        await never
    assert not asked
