"""What is said of events, and what a failure shows. No call is needed."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import pytest

from livekitex_agent.testing import AgentHandoffEvent, FunctionCallEvent, FunctionCallOutputEvent, MessageEvent, RunEvent, RunExpectation
from livekitex_agent.testing.run_events import run_events
from livekitex_agent.testing.run_result import RunResult
from protocols import (
    AgentChanged,
    AgentMessage,
    CommandDone,
    EventPushed,
    Restarted,
    TextDelta,
    ToolCalled,
    ToolReturned,
    UsageError,
    UserMessage,
)

EVENTS: Sequence[RunEvent] = (
    MessageEvent(role="user", text="two pizzas"),
    FunctionCallEvent(name="order", arguments='{"item": "pizza", "count": 2}', call_id="c1"),
    FunctionCallOutputEvent(name="order", output="ok", is_error=False, call_id="c1"),
    AgentHandoffEvent(old="waiter", new="cashier"),
    MessageEvent(role="assistant", text="Two pizzas, that is", interrupted=True),
)


def expect(events: Sequence[RunEvent] = EVENTS) -> RunExpectation:
    return RunExpectation(events)


def test_events_are_gone_through_in_order() -> None:
    each = expect()
    assert each.next_event().is_message(role="user").event.text == "two pizzas"
    each.next_event().is_function_call(name="order", arguments={"count": 2})
    each.next_event().is_function_call_output(name="order", output="ok", is_error=False)
    each.next_event().is_agent_handoff(new_agent="cashier", old_agent="waiter")
    each.next_event().is_message(role="assistant", text="Two pizzas, that is", interrupted=True)
    each.no_more_events()


def test_events_of_a_type_are_stepped_to() -> None:
    each = expect()
    each.next_event(type="function_call_output").is_function_call_output()
    each.next_event(type="message").is_message(role="assistant")
    with pytest.raises(AssertionError, match="expected another message, and none is left"):
        each.next_event(type="message")
    with pytest.raises(UsageError, match="use one of message, function_call, function_call_output, agent_handoff"):
        each.next_event(type="reply")


def test_events_are_skipped() -> None:
    each = expect().skip_next().skip_next(2)
    assert each.skip_next_event_if(type="message") is None
    assert each.skip_next_event_if(type="agent_handoff", new_agent="waiter") is None
    found = each.skip_next_event_if(type="agent_handoff", new_agent="cashier")
    assert found is not None
    with pytest.raises(AssertionError, match=r"cannot skip 2 event\(s\): 1 left"):
        each.skip_next(2)
    each.skip_next()
    assert each.skip_next_event_if(type="message") is None
    with pytest.raises(AssertionError, match="expected another event, and none is left"):
        each.next_event()


def test_events_are_found_by_place() -> None:
    each = expect()
    each[0].is_message(role="user")
    each[-1].is_message(role="assistant")
    for place in (5, -6, 99):
        with pytest.raises(AssertionError, match=f"there is no event {place}: the run has 5"):
            each[place]


def test_events_are_looked_for_in_a_stretch() -> None:
    each = expect()
    assert each.contains_message(role="assistant").event.interrupted
    each[1:3].contains_function_call(name="order", arguments={"item": "pizza"})
    each[:].contains_function_call_output(output="ok")
    each[3:].contains_agent_handoff(new_agent="cashier")
    each.contains_message(text="two pizzas")
    with pytest.raises(AssertionError, match=r"no message with role='user' among the events \[1, 2, 3, 4\]"):
        each[1:].contains_message(role="user")
    with pytest.raises(AssertionError, match=r"no function_call with name='cancel' in this run"):
        each.contains_function_call(name="cancel")
    with pytest.raises(AssertionError, match="no agent_handoff in this run"):
        expect(EVENTS[:1]).contains_agent_handoff()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda each: each[0].is_function_call(), "expected a function_call, found a message"),
        (lambda each: each[0].is_message(role="assistant"), "expected role 'assistant', found 'user'"),
        (lambda each: each[0].is_message(text="two"), "expected text 'two', found 'two pizzas'"),
        (lambda each: each[4].is_message(interrupted=False), "expected interrupted False, found True"),
        (lambda each: each[1].is_function_call(name="cancel"), "expected name 'cancel', found 'order'"),
        (lambda each: each[1].is_function_call(arguments={"count": 3}), "expected the argument count=3, found 2"),
        (lambda each: each[1].is_function_call(arguments={"size": 3}), r"expected the argument size=3, found '\(nothing\)'"),
        (lambda each: each[2].is_function_call_output(output="no"), "expected output 'no', found 'ok'"),
        (lambda each: each[2].is_function_call_output(is_error=True), "expected is_error True, found False"),
        (lambda each: each[3].is_agent_handoff(new_agent="cook"), "expected new 'cook', found 'cashier'"),
        (lambda each: each.skip_next(4).no_more_events(), "expected no more events, found a message"),
    ],
)
def test_a_failure_says_what_was_found(wrong: Callable[[RunExpectation], Any], text: str) -> None:
    with pytest.raises(AssertionError, match=text):
        wrong(expect())


def test_a_failure_lists_the_events_around() -> None:
    with pytest.raises(AssertionError) as failed:
        expect()[1].is_message()
    assert str(failed.value).splitlines() == [
        "expected a message, found a function_call",
        "The events of the run:",
        "    [0] message by user: 'two pizzas'",
        '>>> [1] function call: order({"item": "pizza", "count": 2})',
        "    [2] function call output: order gave 'ok'",
        "    [3] hand-off: waiter -> cashier",
        "    [4] message by assistant: 'Two pizzas, that is' (interrupted)",
    ]
    with pytest.raises(AssertionError, match=r"none is left\nThe events of the run:\n>>> \(the end\)"):
        expect(()).next_event()
    with pytest.raises(AssertionError, match=r"The events of the run:\n    \(none\)"):
        expect(())[0]


def test_a_failure_in_a_long_run_stays_short() -> None:
    many = [MessageEvent(role="user", text="x" * 500)] * 200
    with pytest.raises(AssertionError) as failed:
        expect(many)[100].is_function_call()
    lines = str(failed.value).splitlines()
    assert lines[2] == "    … 80 before"
    assert lines[-1] == "    … 79 after"
    assert len(lines) == 2 + 43
    assert max(map(len, lines)) < 100


# Judges.


class Model:
    """A language model that answers as it is told."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    async def chat(self, messages: Sequence[Any], *more: Any) -> Any:
        del more
        self.asked = list(messages)
        for piece in (self.answer[:3], self.answer[3:]):
            yield TextDelta(text=piece)


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", ["PASS: it does", "pass", "**PASS** - it does", " PASS. yes\n"])
async def test_a_model_judges(answer: str) -> None:
    model = Model(answer)
    judged = await expect()[4].is_message(role="assistant").judge(model, intent="tells what was ordered")
    assert judged.event.role == "assistant"
    assert "tells what was ordered" in model.asked[-1].text
    assert "Two pizzas, that is" in model.asked[-1].text


class Delta:
    """A piece of an answer in LiveKit's form."""

    def __init__(self, content: str | None) -> None:
        self.delta = self if content else None
        self.content = content


class LivekitModel:
    """A language model of LiveKit's base class."""

    def __init__(self, answer: str) -> None:
        self.pieces = [Delta(answer[:3]), Delta(None), Delta(answer[3:])]
        self.asked: Any = None
        self.closed = False

    def chat(self, *, chat_ctx: Any, tools: Any = None) -> "LivekitModel":
        self.asked = chat_ctx
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True

    async def __aiter__(self) -> Any:
        for piece in self.pieces:
            yield piece


@pytest.mark.asyncio
async def test_a_model_of_livekits_judges() -> None:
    model: Any = LivekitModel("PASS: it does")
    await expect()[4].judge(model, intent="tells what was ordered")
    assert "tells what was ordered" in model.asked.items[-1].text_content
    assert model.asked.items[0].role == "system"
    assert model.closed
    with pytest.raises(AssertionError, match="it names none"):
        await expect()[4].judge(LivekitModel("FAIL: it names none"), intent="tells the price")  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_a_judgement_fails_with_its_reason() -> None:
    with pytest.raises(AssertionError, match="judged not to fulfil 'tells the price': it names none"):
        await expect()[4].judge(Model("FAIL: it names none"), intent="tells the price")
    with pytest.raises(UsageError, match="which is no verdict"):
        await expect()[4].judge(Model("I think so"), intent="tells the price")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("verdict", "failure"),
    [(True, ""), ((True, "fine"), ""), (False, "no reason given"), ((False, "too short"), "too short")],
)
async def test_a_function_judges(verdict: Any, failure: str) -> None:
    async def later(message: str, intent: str) -> Any:
        assert (message, intent) == ("Two pizzas, that is", "is short")
        return verdict

    for judge in (later, lambda message, intent: verdict):
        if failure:
            with pytest.raises(AssertionError, match=failure):
                await expect()[4].judge(judge, intent="is short")
        else:
            await expect()[4].judge(judge, intent="is short")


@pytest.mark.asyncio
async def test_a_judgement_needs_a_message_an_intent_and_a_judge() -> None:
    with pytest.raises(AssertionError, match="expected a message"):
        await expect()[1].judge(lambda _message, _intent: True, intent="x")
    with pytest.raises(AssertionError, match="the message is empty"):
        await expect([MessageEvent(role="assistant", text=" ")])[0].judge(lambda _message, _intent: True, intent="x")
    with pytest.raises(UsageError, match="intent is empty"):
        await expect()[4].judge(lambda _message, _intent: True, intent=" ")
    with pytest.raises(UsageError, match="the judge is 7"):
        await expect()[4].judge(7, intent="x")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="the judge gave 'yes'"):
        await expect()[4].judge(lambda _message, _intent: "yes", intent="x")  # type: ignore[arg-type,return-value]


# Results.


def result(*events: Any, given: str = "") -> RunResult:
    pushed = [EventPushed(call_id="c", number=at, incarnation=1, wall_s=100.0 + at, event=event) for at, event in enumerate(events)]
    return RunResult(pushed=tuple(pushed), seconds=1.0, given=given)


def test_a_result_has_what_was_said_and_done() -> None:
    run = result(
        UserMessage(turn_id="t", text="hello", source="text"),
        ToolCalled(call_id="c1", name="order", arguments="[1"),
        ToolReturned(call_id="c1", name="order", result="boom", ok=False),
        AgentChanged(old="a", new="b"),
        Restarted(reason="killed", incarnation=2),
        AgentMessage(speech_id="s", text="Hi.", interrupted=False),
        CommandDone(command_id="x"),
        given="hello",
    )
    assert [str(event) for event in run.events] == [
        "function call: order([1)",
        "function call output: order failed 'boom'",
        "hand-off: a -> b",
        "message by assistant: 'Hi.'",
    ]
    assert run.expect[0].is_function_call().event.parsed == {}
    assert [each.incarnation for each in run.restarts] == [2]
    assert run.time_of(ToolReturned) == 102.0
    assert run.time_of(AgentMessage, lambda event: not event.interrupted) == 105.0
    with pytest.raises(LookupError, match="no CommandDone"):
        run.time_of(CommandDone, lambda event: event.command_id == "y")


@pytest.mark.parametrize(("source", "given", "told"), [("text", "hello", 0), ("text", "other", 1), ("audio", "hello", 1)])
def test_the_input_of_a_run_is_not_told_again(source: str, given: str, told: int) -> None:
    assert len(list(run_events([UserMessage(turn_id="t", text="hello", source=source)], given))) == told


@pytest.mark.parametrize(("arguments", "parsed"), [("", {}), ("{}", {}), ('{"a": 1}', {"a": 1}), ("[1]", {}), ("nonsense", {})])
def test_arguments_are_read_as_far_as_they_can_be(arguments: str, parsed: dict[str, Any]) -> None:
    assert FunctionCallEvent(name="f", arguments=arguments, call_id="c").parsed == parsed
