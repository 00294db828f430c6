"""What a loopback server says where nothing is scripted, and how a `Reply` is written in each of the protocols. Pure.

It repeats what the user said, calls a tool that the user names (with arguments made of its schema), and tells the result of one. Its voice
is writing (`livekitex_agent.testing.fakes.spoken`), and it understands that.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from livekitex_agent.testing.openai_server.answers import Answer, events, json_answer

USAGE: Final = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15, "prompt_tokens_details": {"cached_tokens": 4}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model answers: text in ``pieces``, then ``calls`` of tools (name and arguments), each in two pieces."""

    pieces: tuple[str, ...] = ()
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    @classmethod
    def of(cls, text: str) -> "Reply":
        """One that is ``text``, a word a piece."""
        words = text.split(" ")
        return cls(pieces=tuple(word if at == 0 else f" {word}" for at, word in enumerate(words)))


def chat_answer(reply: Reply, *, stream: bool = True) -> Answer:
    """``reply`` in Chat Completions."""
    reason = "tool_calls" if reply.calls else "stop"
    if not stream:
        message = {"role": "assistant", "content": "".join(reply.pieces) or None, "tool_calls": [_whole(at, c) for at, c in _calls(reply)]}
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return json_answer({**_chunk([choice]), "object": "chat.completion", "usage": USAGE})
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in reply.pieces)]
    for at, call in _calls(reply):
        arguments = json.dumps(call[1])
        half = len(arguments) // 2
        deltas.append({"tool_calls": [{"index": at, **_whole(at, (call[0], None))}]})
        deltas += [{"tool_calls": [{"index": at, "function": {"arguments": part}}]} for part in (arguments[:half], arguments[half:])]
    chunks = [_chunk([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
    return events([*chunks, _chunk([{"index": 0, "delta": {}, "finish_reason": reason}]), {**_chunk([]), "usage": USAGE}])


def responses_answer(reply: Reply, *, stream: bool = True) -> Answer:
    """``reply`` in Responses."""
    text = "".join(reply.pieces)
    message = {"type": "message", "id": "msg_0", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    calls = [
        {"type": "function_call", "id": f"fc_{at}", "call_id": f"call_{at}", "name": name, "arguments": json.dumps(arguments)}
        for at, (name, arguments) in _calls(reply)
    ]
    output: list[dict[str, Any]] = [*([message] if text else []), *calls]
    usage = {"input_tokens": 12, "output_tokens": 3, "total_tokens": 15, "input_tokens_details": {"cached_tokens": 4}}
    response = {"id": "resp_0", "object": "response", "status": "completed", "model": "loopback", "output": output, "usage": usage}
    if not stream:
        return json_answer(response)
    told: list[dict[str, Any]] = [{"type": "response.created", "response": {**response, "status": "in_progress", "output": []}}]
    for at, item in enumerate(output):
        place = {"item_id": item["id"], "output_index": at}
        begun: dict[str, Any] = {"content": []} if item["type"] == "message" else {"arguments": ""}
        told.append({"type": "response.output_item.added", "output_index": at, "item": {**item, **begun}})
        if item["type"] == "message":
            told += [{"type": "response.output_text.delta", "content_index": 0, "delta": piece, **place} for piece in reply.pieces]
        else:
            half = len(item["arguments"]) // 2
            parts = (item["arguments"][:half], item["arguments"][half:])
            told += [{"type": "response.function_call_arguments.delta", "delta": part, **place} for part in parts]
            told.append({"type": "response.function_call_arguments.done", "arguments": item["arguments"], **place})
        told.append({"type": "response.output_item.done", "output_index": at, "item": item})
    told.append({"type": "response.completed", "response": response})
    return events([{**event, "sequence_number": at} for at, event in enumerate(told)], done=False, named=True)


def default_reply(body: Mapping[str, Any]) -> Reply:
    """The answer to a request of either protocol."""
    items: Sequence[Mapping[str, Any]] = body.get("messages") or body.get("input") or ()
    last = items[-1] if items else {}
    if last.get("role") == "tool" or last.get("type") == "function_call_output":
        return Reply.of(f"It says: {last.get('content') or last.get('output')}")
    said = next((_text(item.get("content")) for item in reversed(items) if item.get("role") == "user"), "")
    tools = [tool.get("function", tool) for tool in body.get("tools", ())]
    tool = _wanted(tools, said, body.get("tool_choice", "auto"))
    if tool is not None:
        return Reply(calls=((tool["name"], _value(tool.get("parameters") or {}, said)),))
    return Reply.of(f"You said: {said}")


def _wanted(tools: Sequence[Mapping[str, Any]], said: str, choice: object) -> Mapping[str, Any] | None:
    if choice == "none" or not tools:
        return None
    if isinstance(choice, Mapping):
        name = choice.get("function", choice).get("name")
        return next((tool for tool in tools if tool["name"] == name), None)
    named = next((tool for tool in tools if tool["name"] in said), None)
    return named or (tools[0] if choice == "required" else None)


def _value(schema: Mapping[str, Any], said: str) -> Any:  # noqa: ANN401 - JSON
    """A value of ``schema``: nothing that may be nothing, else the first that there is."""
    types = schema.get("type")
    if "enum" in schema:
        return schema["enum"][0]
    if types == "object":
        return {name: _value(value, said) for name, value in schema.get("properties", {}).items() if name in schema.get("required", ())}
    values: Mapping[str, Any] = {"string": said, "integer": 2, "number": 1.5, "boolean": True, "array": []}
    return values.get(types) if isinstance(types, str) else None


def _calls(reply: Reply) -> list[tuple[int, tuple[str, Any]]]:
    return list(enumerate(reply.calls))


def _whole(at: int, call: tuple[str, Any]) -> dict[str, Any]:
    arguments = "" if call[1] is None else json.dumps(call[1])
    return {"id": f"call_{at}", "type": "function", "function": {"name": call[0], "arguments": arguments}}


def _chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 1, "model": "loopback", "choices": choices}


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping)) if isinstance(content, list) else ""
