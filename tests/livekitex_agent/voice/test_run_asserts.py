"""What is said of the events of a run in LiveKit's names, and what a failure shows."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent.voice.run_asserts import AgentHandoffAssert, ChatMessageAssert, FunctionCallAssert, FunctionCallOutputAssert, RunAssert
from livekitex_agent.voice.run_events import AgentHandoffEvent, ChatMessageEvent, FunctionCallEvent, FunctionCallOutputEvent, RunEvent
from protocols import UsageError


class Waiter:
    """Who has the call."""


class Cashier:
    """Who gets it."""


class HeadCashier(Cashier):
    """Who is one, too."""


def message(role: str, text: str, **more: Any) -> ChatMessageEvent:
    return ChatMessageEvent(item=SimpleNamespace(type="message", role=role, text_content=text, created_at=0.0, **more))


EVENTS: list[RunEvent] = [
    message("user", "two pizzas"),
    FunctionCallEvent(item=SimpleNamespace(name="order", arguments='{"item": "pizza", "count": 2}', call_id="c1")),
    FunctionCallOutputEvent(item=SimpleNamespace(name="order", output="ok", is_error=False, call_id="c1")),
    AgentHandoffEvent(item=SimpleNamespace(), old_agent=Waiter(), new_agent=HeadCashier()),
    message("assistant", "Two pizzas, that is", interrupted=True),
]


def expect(events: list[RunEvent] = EVENTS) -> RunAssert:
    return RunAssert(SimpleNamespace(events=events))


def test_events_are_gone_through_in_order() -> None:
    each = expect()
    assert each.next_event().is_message(role="user").event().item.text_content == "two pizzas"
    each.next_event().is_function_call(name="order", arguments={"count": 2})
    each.next_event().is_function_call_output(output="ok", is_error=False)
    each.next_event().is_agent_handoff(new_agent_type=Cashier)
    each.next_event().is_message(role="assistant")
    each.no_more_events()


def test_events_of_a_type_are_stepped_to_and_are_asserted_of_further() -> None:
    each = expect()
    called = each.next_event(type="function_call")
    assert isinstance(called, FunctionCallAssert)
    called.is_function_call(name="order")
    assert isinstance(each.next_event(type="function_call_output"), FunctionCallOutputAssert)
    assert isinstance(each.next_event(type="agent_handoff"), AgentHandoffAssert)
    assert isinstance(each.next_event(type="message"), ChatMessageAssert)
    with pytest.raises(AssertionError, match="expected another message, and none is left"):
        each.next_event(type="message")
    with pytest.raises(UsageError, match="use one of message, function_call, function_call_output, agent_handoff"):
        each.next_event(type="reply")  # type: ignore[call-overload]


def test_events_are_skipped_if_they_are_what_was_said() -> None:
    each = expect().skip_next(3)
    assert each.skip_next_event_if(type="message") is None
    assert each.skip_next_event_if(type="agent_handoff", new_agent_type=Waiter) is None
    assert isinstance(each.skip_next_event_if(type="agent_handoff", new_agent_type=Cashier), AgentHandoffAssert)
    assert each.skip_next_event_if(type="message", role="user") is None
    assert each.skip_next_event_if(type="message", role="assistant") is not None
    assert each.skip_next_event_if(type="message") is None
    with pytest.raises(AssertionError, match=r"cannot skip 1 event\(s\): 0 left"):
        each.skip_next()


def test_events_are_found_by_place_and_in_a_stretch() -> None:
    each = expect()
    each[0].is_message(role="user")
    each[-1].is_message(role="assistant")
    each[1:3].contains_function_call(name="order", arguments={"item": "pizza"})
    each[:].contains_function_call_output(output="ok")
    each[3:].contains_agent_handoff(new_agent_type=Cashier)
    assert each.contains_message(role="assistant").event() is EVENTS[4]
    for place in (5, -6):
        with pytest.raises(AssertionError, match=f"there is no event {place}: the run has 5"):
            each[place]
    with pytest.raises(TypeError, match="by an int or a slice, not by 'message'"):
        each["message"]  # type: ignore[call-overload]
    with pytest.raises(AssertionError, match=r"no message with role='user' among the events \[1, 2, 3, 4\]"):
        each[1:].contains_message(role="user")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda each: each[0].is_function_call(), "expected a function_call, found a message"),
        (lambda each: each[0].is_message(role="assistant"), "expected role 'assistant', found 'user'"),
        (lambda each: each[1].is_function_call(name="cancel"), "expected name 'cancel', found 'order'"),
        (lambda each: each[1].is_function_call(arguments={"count": 3}), "expected the argument count=3, found 2"),
        (lambda each: each[2].is_function_call_output(output="no"), "expected output 'no', found 'ok'"),
        (lambda each: each[2].is_function_call_output(is_error=True), "expected is_error True, found False"),
        (lambda each: each[3].is_agent_handoff(new_agent_type=Waiter), "expected a hand-off to a Waiter, found one to a HeadCashier"),
        (lambda each: each.contains_function_call(name="cancel"), "no function_call with name='cancel' in this run"),
        (lambda each: each.skip_next(4).no_more_events(), "expected no more events, found a message"),
    ],
)
def test_a_failure_says_what_was_found(wrong: Callable[[RunAssert], Any], text: str) -> None:
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
        "    [3] hand-off: Waiter -> HeadCashier",
        "    [4] message by assistant: 'Two pizzas, that is' (interrupted)",
    ]


@pytest.mark.asyncio
async def test_a_message_is_judged() -> None:
    said = expect()[4].is_message()
    assert await said.judge(lambda text, intent: text.startswith("Two") and intent == "confirms", intent="confirms") is said
    with pytest.raises(AssertionError, match="judged not to fulfil 'greets': it does not"):
        await said.judge(lambda _text, _intent: (False, "it does not"), intent="greets")
    with pytest.raises(UsageError, match="intent is empty"):
        await said.judge(lambda _text, _intent: True, intent=" ")
    with pytest.raises(AssertionError, match="the message is empty"):
        await expect([message("assistant", "")])[0].is_message().judge(lambda _text, _intent: True, intent="greets")
