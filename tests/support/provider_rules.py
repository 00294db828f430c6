"""What providers refuse, as their documentation and their answers say: each checks a request that is in its form.

- OpenAI: https://platform.openai.com/docs/api-reference/chat/create and .../responses/create
- Anthropic: https://docs.anthropic.com/en/api/messages, .../tool-use/implement-tool-use ("tool_result blocks must come first")
- Gemini: https://ai.google.dev/gemini-api/docs/function-calling; "Please ensure that function call turn comes immediately after a user turn
  or after a function response turn", "... that the number of function response parts is equal to the number of function call parts"
- Bedrock: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html; "A conversation must alternate between
  user and assistant roles", "... must start with a user message", "The text field in the ContentBlock object ... is blank"
- Mistral: https://docs.mistral.ai/api/endpoint/chat and the validators of the package mistral-common, those of its oldest models included
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from protocols import ProviderFormat

Message = dict[str, Any]
NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def _unique(ids: list[str], pattern: str) -> None:
    assert len(ids) == len(set(ids)), "an id is given twice"
    assert all(re.fullmatch(pattern, call_id) for call_id in ids), ids


def openai(form: ProviderFormat) -> None:
    assert not form.system
    waiting: list[str] = []
    seen: list[str] = []
    for message in form.messages:
        role = message["role"]
        if role == "tool":
            assert set(message) == {"role", "tool_call_id", "content"}
            assert isinstance(message["content"], str)
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting, "a call has no output directly behind it"
        assert role in ("system", "developer", "user", "assistant")
        content, calls = message["content"], message.get("tool_calls")
        assert content or (role == "assistant" and calls), "an empty message"
        if isinstance(content, list):
            assert role == "user"
            for part in content:
                if part["type"] == "text":
                    assert part["text"].strip()
                else:
                    assert part["image_url"]["url"].startswith(("https://", "data:image/"))
                    assert part["image_url"]["detail"] in ("auto", "low", "high")
        if calls is not None:
            assert calls
            for call in calls:
                assert (call["type"], set(call)) == ("function", {"id", "type", "function"})
                assert NAME.fullmatch(call["function"]["name"])
                assert call["function"]["arguments"]
            waiting = [call["id"] for call in calls]
            seen += waiting
    assert not waiting
    _unique(seen, r".{1,40}")


def openai_responses(form: ProviderFormat) -> None:
    assert not form.system
    called: list[str] = []
    answered: list[str] = []
    for item in form.messages:
        match item["type"]:
            case "message":
                assert called == answered, "a call has no output behind it"
                assert item["content"]
                if isinstance(item["content"], list):
                    assert item["role"] == "user"
                    assert {part["type"] for part in item["content"]} <= {"input_text", "input_image"}
            case "function_call":
                assert set(item) == {"type", "call_id", "name", "arguments"}
                assert item["arguments"]
                called.append(item["call_id"])
            case "function_call_output":
                assert item["call_id"] in called
                assert isinstance(item["output"], str)
                answered.append(item["call_id"])
            case other:
                raise AssertionError(other)
    assert called == answered
    _unique(called, r".{1,64}")


def anthropic(form: ProviderFormat) -> None:
    messages = form.messages
    assert messages[0]["role"] == messages[-1]["role"] == "user"
    waiting: list[str] = []
    seen: list[str] = []
    for number, message in enumerate(messages):
        assert number == 0 or message["role"] != messages[number - 1]["role"], "roles alternate"
        blocks = message["content"]
        assert blocks
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        assert [block["type"] for block in blocks[: len(results)]] == ["tool_result"] * len(results), "results come first"
        assert results == waiting
        waiting = []
        for block in blocks:
            match block["type"]:
                case "text":
                    assert block["text"].strip(), "blank text"
                case "image":
                    assert message["role"] == "user"
                    assert block["source"]["type"] in ("base64", "url")
                case "tool_use":
                    assert message["role"] == "assistant"
                    assert isinstance(block["input"], dict)
                    waiting.append(block["id"])
                case "tool_result":
                    assert message["role"] == "user"
                    assert isinstance(block["is_error"], bool)
        seen += waiting
    _unique(seen, r"[a-zA-Z0-9_-]+")


def google(form: ProviderFormat) -> None:
    contents = form.messages
    assert contents[0]["role"] == contents[-1]["role"] == "user"
    previous: list[str] = []
    for number, content in enumerate(contents):
        assert content["role"] in ("user", "model")
        parts = content["parts"]
        assert parts
        calls = [part["function_call"] for part in parts if "function_call" in part]
        responses = [part["function_response"] for part in parts if "function_response" in part]
        assert [response["id"] for response in responses] == previous, "as many responses as calls, in the next turn"
        if responses:
            assert content["role"] == "user"
            assert len(responses) == len(parts), "nothing else beside responses"
            assert all(response["name"] and set(response["response"]) <= {"output", "error"} for response in responses)
        if calls:
            assert content["role"] == "model"
            assert contents[number - 1]["role"] == "user", "a turn with calls follows one of the user"
            assert all(isinstance(call["args"], dict) for call in calls)
        assert all(part["text"].strip() for part in parts if "text" in part)
        if number and contents[number - 1]["role"] == content["role"]:
            assert content["role"] == "user"
            assert "function_response" in contents[number - 1]["parts"][0], "roles alternate but behind responses"
        previous = [call["id"] for call in calls]
    assert not previous


def aws(form: ProviderFormat) -> None:
    messages = form.messages
    assert messages[0]["role"] == messages[-1]["role"] == "user"
    waiting: list[str] = []
    for number, message in enumerate(messages):
        assert number == 0 or message["role"] != messages[number - 1]["role"], "roles alternate"
        results = [block["toolResult"] for block in message["content"] if "toolResult" in block]
        assert [result["toolUseId"] for result in results] == waiting
        waiting = [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]
        _unique(waiting, r"[a-zA-Z0-9_.:-]{1,64}")
        assert message["content"]
        for block in message["content"]:
            assert len(block) == 1
            assert "text" not in block or block["text"].strip(), "blank text"
            if "image" in block:
                assert message["role"] == "user"
                assert block["image"]["format"] in ("png", "jpeg", "gif", "webp")
            if "toolUse" in block:
                assert isinstance(block["toolUse"]["input"], dict)
            if "toolResult" in block:
                assert block["toolResult"]["status"] in ("success", "error")
                assert all(content["text"].strip() for content in block["toolResult"]["content"])


def mistralai(form: ProviderFormat) -> None:
    assert not form.system
    messages = form.messages
    assert messages[-1]["role"] in ("user", "tool")
    assert messages[0]["role"] in ("system", "user"), "the user begins"
    follows = {"system": {"user"}, "user": {"user", "assistant"}, "assistant": {"assistant", "user", "tool"}}
    follows["tool"] = {"tool", "assistant"}
    waiting: list[str] = []
    seen: list[str] = []
    for number, message in enumerate(messages):
        role = message["role"]
        assert number == 0 or role in follows[messages[number - 1]["role"]], f"{role} behind {messages[number - 1]['role']}"
        if role == "tool":
            assert waiting.pop(0) == message["tool_call_id"]
            assert message["name"]
            continue
        assert not waiting, "as many outputs as calls"
        assert role != "system" or number == 0
        calls = message.get("tool_calls") or []
        assert bool(message["content"]) is not bool(calls), "content or calls"
        assert not calls or role == "assistant"
        waiting = [call["id"] for call in calls]
        seen += waiting
    assert not waiting
    _unique(seen, r"[a-zA-Z0-9]{9}")


RULES: Final[dict[str, Callable[[ProviderFormat], None]]] = {
    "openai": openai,
    "openai.responses": openai_responses,
    "anthropic": anthropic,
    "google": google,
    "mistralai": mistralai,
    "aws": aws,
}


def check(provider: str, form: ProviderFormat) -> None:
    """Raise `AssertionError` for what ``provider`` refuses. What is JSON for it has to be JSON."""
    RULES[provider](form)
    if provider not in ("google", "aws"):
        json.dumps(form.messages)
