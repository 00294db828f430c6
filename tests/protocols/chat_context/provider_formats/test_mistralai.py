from hypothesis import given

from protocols import ChatContext, FunctionCall, FunctionCallOutput
from support import provider_rules
from support.chat_contexts import CONTEXTS
from support.dialogue import DIALOGUE


def test_a_dialogue() -> None:
    messages = DIALOGUE.to_provider_format("mistralai").messages
    first, second = (call["id"] for call in messages[5]["tool_calls"])
    assert messages == [
        {"role": "system", "content": "Be brief.\n\nWhat was said before, in short:\nThey want pizza."},
        {"role": "user", "content": "(silence)"},
        {"role": "assistant", "content": "Welcome back."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Is this"},
                {"type": "image_url", "image_url": "data:image/png;base64,iVBORw=="},
                {"type": "text", "text": "a pizza?"},
            ],
        },
        {"role": "assistant", "content": "One moment."},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": first, "type": "function", "function": {"name": "look", "arguments": '{"at": "pizza"}'}},
                {"id": second, "type": "function", "function": {"name": "ask", "arguments": "oops"}},
            ],
        },
        {"role": "tool", "tool_call_id": first, "name": "look", "content": "found"},
        {"role": "tool", "tool_call_id": second, "name": "ask", "content": ""},
        {"role": "assistant", "content": "(interrupted)"},
        {"role": "user", "content": "Hurry up."},
        {"role": "user", "content": "<instructions>\nSay it in French.\n</instructions>"},
    ]


def test_an_id_of_nine_letters_and_digits_stays() -> None:
    call = FunctionCall(call_id="abcDEF123", name="look", arguments="")
    messages = ChatContext((call, FunctionCallOutput(call_id="abcDEF123", output="x"))).to_provider_format("mistralai").messages
    assert messages[1]["tool_calls"] == [{"id": "abcDEF123", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    assert messages[-1]["role"] == "tool", "the model goes on from an output"


def test_the_user_speaks_last_even_if_nobody_has() -> None:
    silence = {"role": "user", "content": "(silence)"}
    assert ChatContext().to_provider_format("mistralai").messages == [silence]
    assert ChatContext().add_message("system", "Go.").to_provider_format("mistralai").messages[-1] == silence
    assert ChatContext().add_message("assistant", "Hi.").to_provider_format("mistralai").messages[-1] == silence


@given(CONTEXTS)
def test_any_context_keeps_the_rules(context: ChatContext) -> None:
    provider_rules.check("mistralai", context.to_provider_format("mistralai"))
