import re

import pytest
from hypothesis import given

from protocols import ChatContext, ChatItem, ChatMessage, FunctionCall, FunctionCallOutput, Role, Summary
from protocols.chat_context.provider_formats.steps import ANY_ID, INLINE_INSTRUCTIONS, SUMMARY, arguments_of, split_instructions, steps_of
from support.chat_contexts import CONTEXTS, orphans


def call(call_id: str, arguments: str = "{}") -> FunctionCall:
    return FunctionCall(call_id=call_id, name="look", arguments=arguments)


def output(call_id: str) -> FunctionCallOutput:
    return FunctionCallOutput(call_id=call_id, output=f"of {call_id}")


def shape(*items: ChatItem) -> list[str]:
    """Each step: the role and the calls that are made in it."""
    return [
        f"{step.message.role if step.message else ''}{[made.call_id for made, _ in step.calls] if step.calls else ''}"
        for step in steps_of(items)
    ]


SAYS = ChatMessage.of(Role.ASSISTANT, "One moment.")
ASKS = ChatMessage.of(Role.USER, "hello")


def test_calls_that_follow_each_other_are_made_at_once() -> None:
    assert shape(ASKS, call("a"), call("b"), output("b"), output("a")) == ["user", "['a', 'b']"]
    assert shape(ASKS, call("a"), output("a"), call("b"), output("b")) == ["user", "['a']", "['b']"]


def test_with_the_words_before_them() -> None:
    assert shape(SAYS, call("a"), output("a")) == ["assistant['a']"]
    assert shape(ASKS, call("a"), output("a"), SAYS) == ["user", "['a']", "assistant"]


def test_an_output_stands_by_its_call_wherever_it_was() -> None:
    assert shape(call("a"), ASKS, output("a")) == ["['a']", "user"]
    assert steps_of((call("a"), ASKS, output("a")))[0].calls[0][1].output == "of a"


def test_what_says_nothing_and_halves_of_pairs_are_left_out() -> None:
    assert shape(ChatMessage.of(Role.USER, " \n"), call("a"), output("b"), Summary(text=""), ChatMessage(role=Role.ASSISTANT)) == []


def test_a_summary_instructs() -> None:
    (step,) = steps_of((Summary(text="Pizza."),))
    assert step.message is not None
    assert (step.message.role, step.message.text) == (Role.SYSTEM, SUMMARY.format(text="Pizza."))


def test_each_call_has_an_id_of_its_own_that_fits() -> None:
    items = (call("a"), output("a"), call("a"), output("a"), call("ü"), output("ü"), call("x" * 41), output("x" * 41), call(""), output(""))
    steps = steps_of(items)
    ids = [made.call_id for step in steps for made, _ in step.calls]
    assert ids[0] == "a"
    assert len(set(ids)) == 5
    assert all(ANY_ID.fullmatch(call_id) for call_id in ids)
    assert all(made.call_id == answer.call_id and answer.name == "look" for step in steps for made, answer in step.calls)
    short = steps_of(items, re.compile("[a-z0-9]{9}"), 9)
    assert [len(made.call_id) for step in short for made, _ in step.calls] == [9] * 5


@given(CONTEXTS)
def test_every_whole_pair_is_told_once(context: ChatContext) -> None:
    calls = [item for item in context if isinstance(item, FunctionCall) and item not in orphans(context)]
    told = [made.arguments for step in steps_of(context.items) for made, _ in step.calls]
    assert told == [item.arguments for item in calls]


def test_instructions_before_the_conversation_are_one_text_and_later_ones_words_of_the_user() -> None:
    items = (
        ChatMessage.of(Role.SYSTEM, "Be brief."),
        ChatMessage.of(Role.DEVELOPER, "Be kind."),
        ASKS,
        ChatMessage.of(Role.SYSTEM, "Now."),
    )
    system, steps = split_instructions(steps_of(items))
    assert system == "Be brief.\n\nBe kind."
    assert [(step.message.role, step.message.text) for step in steps if step.message] == [
        (Role.USER, "hello"),
        (Role.USER, INLINE_INSTRUCTIONS.format(text="Now.")),
    ]
    assert split_instructions(steps_of(items[:1])) == ("Be brief.", ())
    _, steps = split_instructions(steps_of((call("a"), output("a"))))
    assert len(steps) == 1


@pytest.mark.parametrize(
    ("written", "read"),
    [('{"a": 1}', {"a": 1}), ("", {}), ("[1]", {}), ("oops", {}), ('"{}"', {}), ("null", {}), ("[" * 100_000, {})],
)
def test_arguments_that_are_no_object_are_none(written: str, read: dict[str, int]) -> None:
    assert arguments_of(call("a", written)) == read
