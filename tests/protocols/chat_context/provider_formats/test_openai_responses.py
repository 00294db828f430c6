from typing import Any

from hypothesis import given

from protocols import ChatContext
from support import provider_rules
from support.chat_contexts import CONTEXTS
from support.dialogue import DIALOGUE


def items(context: ChatContext) -> list[dict[str, Any]]:
    return context.to_provider_format("openai.responses").messages


def test_a_dialogue() -> None:
    second = items(DIALOGUE)[6]["call_id"]
    assert items(DIALOGUE)[2:] == [
        {"type": "message", "role": "assistant", "content": "Welcome back."},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Is this"},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBORw==", "detail": "auto"},
                {"type": "input_text", "text": "a pizza?"},
            ],
        },
        {"type": "message", "role": "assistant", "content": "One moment."},
        {"type": "function_call", "call_id": "look-1", "name": "look", "arguments": '{"at": "pizza"}'},
        {"type": "function_call", "call_id": second, "name": "ask", "arguments": "oops"},
        {"type": "function_call_output", "call_id": "look-1", "output": "found"},
        {"type": "function_call_output", "call_id": second, "output": ""},
        {"type": "message", "role": "user", "content": "Hurry up."},
        {"type": "message", "role": "system", "content": "Say it in French."},
    ]


@given(CONTEXTS)
def test_any_context_keeps_the_rules(context: ChatContext) -> None:
    provider_rules.check("openai.responses", context.to_provider_format("openai.responses"))
