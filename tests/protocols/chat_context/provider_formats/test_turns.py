from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocols import ChatContext, ChatItem, ChatMessage, FunctionCall, FunctionCallOutput, ImageContent, Role
from protocols.chat_context.provider_formats.steps import split_instructions, steps_of
from protocols.chat_context.provider_formats.turns import MODEL, USER, Blocks, Turn, turns_of
from support.chat_contexts import CONTEXTS

BLOCKS = Blocks(
    text=lambda text: {"text": text},
    image=lambda image: {"image": image.url},
    call=lambda call: {"call": call.call_id},
    output=lambda output: {"output": output.output},
)
SAYS, ASKS = ChatMessage.of(Role.ASSISTANT, "Hi."), ChatMessage.of(Role.USER, "Hello.")
CALLS = (FunctionCall(call_id="a", name="look", arguments="{}"), FunctionCallOutput(call_id="a", output="found"))
SILENCE: dict[str, Any] = {"text": "(silence)"}


def turns(*items: ChatItem, outputs_alone: bool = False) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(turn.role, turn.blocks) for turn in turns_of(steps_of(items), BLOCKS, outputs_alone=outputs_alone)]


def test_what_one_side_says_is_one_turn() -> None:
    image = ChatMessage.of(Role.USER, ImageContent(url="https://a"))
    assert turns(ASKS, image, SAYS, SAYS, ASKS) == [
        (USER, [{"text": "Hello."}, {"image": "https://a"}]),
        (MODEL, [{"text": "Hi."}, {"text": "Hi."}]),
        (USER, [{"text": "Hello."}]),
    ]


def test_the_user_begins_and_ends() -> None:
    assert turns() == [(USER, [SILENCE])]
    assert turns(SAYS) == [(USER, [SILENCE]), (MODEL, [{"text": "Hi."}]), (USER, [SILENCE])]
    assert turns(*CALLS) == [(USER, [SILENCE]), (MODEL, [{"call": "a"}]), (USER, [{"output": "found"}])]


def test_words_behind_outputs_are_of_the_same_turn_unless_outputs_stand_alone() -> None:
    assert turns(ASKS, *CALLS, ASKS)[2:] == [(USER, [{"output": "found"}, {"text": "Hello."}])]
    assert turns(ASKS, *CALLS, ASKS, ASKS, outputs_alone=True)[2:] == [
        (USER, [{"output": "found"}]),
        (USER, [{"text": "Hello."}, {"text": "Hello."}]),
    ]


@given(CONTEXTS, st.booleans())
def test_no_turn_is_empty(context: ChatContext, outputs_alone: bool) -> None:
    _, steps = split_instructions(steps_of(context.items))
    told = turns_of(steps, BLOCKS, outputs_alone=outputs_alone)
    assert all(turn.blocks for turn in told)
    assert told[0].role == told[-1].role == USER
    assert isinstance(told[0], Turn)
