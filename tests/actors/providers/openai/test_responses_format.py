"""Responses: what is asked, and what is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.providers import CallAssembler
from actors.providers.openai.responses_format import ResponsesReader, responses_request
from livekitex_agent.testing.openai_server import Reply, responses_answer
from protocols import (
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatMessage,
    ChatOptions,
    Fault,
    FinishReason,
    FunctionCall,
    FunctionCallOutput,
    FunctionChoice,
    LLMEvent,
    ProviderError,
    Role,
    TextDelta,
    TokenUsage,
    ToolSchema,
)

TOOL = ToolSchema(
    name="price", description="The price.", parameters={"type": "object", "properties": {"n": {"type": "integer", "default": 1}}}
)
FREE = ToolSchema(name="any", description="Anything.", parameters={"type": "object", "additionalProperties": True})


def read(*events: Any, ended: bool = False) -> list[LLMEvent]:
    reader = ResponsesReader("openai/m", "sk-key")
    read = [told for event in events for told in reader.read(event)]
    return read + list(reader.finish(ended=ended))


def told(reply: Reply, *, stream: bool = True) -> list[Any]:
    body = responses_answer(reply, stream=stream).body
    return [json.loads(piece.partition(b"data: ")[2] or piece) for piece in body if isinstance(piece, bytes)]


def calls(events: list[LLMEvent]) -> list[FunctionCall]:
    assembler = CallAssembler(lambda: "made")
    for event in events:
        if isinstance(event, CallDelta):
            assembler.add(event)
    return list(assembler.finish())


def spoken(events: list[LLMEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def item(at: int, arguments: str, *, kind: str = "added", named: bool = True, name: str = "price") -> dict[str, Any]:
    call = {"type": "function_call", "call_id": f"call_{at}", "name": name, "arguments": arguments}
    return {"type": f"response.output_item.{kind}", "output_index": at, "item": {**call, **({"id": f"fc_{at}"} if named else {})}}


def arguments(at: int, text: str, *, kind: str = "delta", **fields: Any) -> dict[str, Any]:
    key = "delta" if kind == "delta" else "arguments"
    return {"type": f"response.function_call_arguments.{kind}", "output_index": at, key: text, **fields}


COMPLETED = {"type": "response.completed", "response": {"status": "completed"}}


def test_a_request_is_told_as_items_with_flat_tools_and_nothing_kept() -> None:
    context = ChatContext((
        ChatMessage.of(Role.SYSTEM, "Be brief."),
        ChatMessage.of(Role.USER, "price?"),
        FunctionCall(call_id="c1", name="price", arguments="{}"),
        FunctionCallOutput(call_id="c1", name="price", output="9"),
    ))  # fmt: skip
    request = responses_request(
        context, [TOOL, FREE], ChatOptions(tool_choice=FunctionChoice(name="price"), extra={"top_p": 1}), {"top_p": 0.5}, strict=True
    )
    assert [entry["type"] for entry in request["input"]] == ["message", "message", "function_call", "function_call_output"]
    strict, free = request["tools"]
    assert (strict["strict"], strict["name"], strict["parameters"]["required"]) == (True, "price", ["n"])
    assert (free["strict"], free["parameters"]) == (False, FREE.parameters)
    assert (request["store"], request["top_p"], request["tool_choice"]) == (False, 1, {"type": "function", "name": "price"})
    assert responses_request(context, [], ChatOptions(), {"store": True}, strict=True)["store"] is True


@pytest.mark.parametrize("stream", [True, False])
def test_words_and_calls_are_read_from_a_stream_and_from_a_whole(stream: bool) -> None:
    events = read(*told(Reply(pieces=("Hello", " 👋"), calls=(("price", {"n": 1}), ("price", {"n": 2}))), stream=stream))
    assert spoken(events) == "Hello 👋"
    assert [(call.call_id, call.name, json.loads(call.arguments)) for call in calls(events)] == [
        ("call_0", "price", {"n": 1}),
        ("call_1", "price", {"n": 2}),
    ]
    assert events[-2:] == [
        ChatFinished(reason=FinishReason.TOOL_CALLS),
        TokenUsage(prompt_tokens=12, cached_prompt_tokens=4, completion_tokens=3),
    ]


@pytest.mark.parametrize(
    "events",
    [
        [item(0, ""), arguments(0, '{"n"', item_id="fc_0"), arguments(0, ": 1}", item_id="fc_0"), item(0, '{"n": 1}', kind="done")],
        [item(0, ""), arguments(0, '{"n": 1}', kind="done", item_id="fc_0")],
        [item(0, "{}"), arguments(0, '{"n": 1}', kind="done", item_id="fc_0"), item(0, '{"n": 1}', kind="done")],
        [item(0, ""), arguments(0, '{"n": 1}')],
        [item(0, "", named=False), arguments(0, '{"n": 1}', item_id="fc_9", output_index=0)],
        [item(0, '{"n": 1}', kind="done")],
        [item(0, '{"n": 1}')],
        [{"type": "response.completed", "response": {"output": [item(0, '{"n": 1}')["item"]]}}],
        [{**item(0, ""), "output_index": None}, arguments(0, '{"n": 1}', output_index=None)],
    ],
)
def test_the_arguments_of_a_call_are_told_once_however_they_come(events: list[Any]) -> None:
    read_events = read(*events, COMPLETED)
    assert [(call.call_id, call.name, json.loads(call.arguments)) for call in calls(read_events)] == [("call_0", "price", {"n": 1})]


def test_calls_that_share_an_index_are_told_apart_by_their_ids() -> None:
    first, second = item(0, ""), item(1, "")
    second["output_index"] = 0
    deltas = [arguments(0, '{"n": 1}', item_id="fc_0"), arguments(0, '{"n": 2}', item_id="fc_1")]
    assert [json.loads(call.arguments) for call in calls(read(first, second, *deltas, COMPLETED))] == [{"n": 1}, {"n": 2}]


def test_text_is_told_once_also_where_only_the_whole_has_it_and_refusals_are_said() -> None:
    message = {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}]}
    done = {"type": "response.output_item.done", "output_index": 0, "item": message}
    delta = {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "delta": "a"}
    refusal = {"type": "response.refusal.delta", "item_id": "m", "output_index": 0, "delta": "b"}
    completed = {"type": "response.completed", "response": {"status": "completed", "output": [message]}}
    for events in ([done], [delta, refusal, done], [done, completed], [completed]):
        assert spoken(read(*events, COMPLETED)) == "ab"


@pytest.mark.parametrize(
    ("why", "reason"),
    [("max_output_tokens", FinishReason.LENGTH), ("content_filter", FinishReason.CONTENT_FILTER), (None, FinishReason.LENGTH)],
)
def test_an_incomplete_response_says_why(why: str | None, reason: FinishReason) -> None:
    details = {"reason": why} if why else None
    event = {"type": "response.incomplete", "response": {"status": "incomplete", "incomplete_details": details}}
    assert read(event) == [ChatFinished(reason=reason)]


@pytest.mark.parametrize(
    ("event", "fault", "retryable"),
    [
        (
            {"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error", "message": "m"}}},
            Fault.PROVIDER,
            True,
        ),
        (
            {"type": "response.failed", "response": {"status": "failed", "error": {"code": "invalid_prompt", "message": "m"}}},
            Fault.CALLER,
            False,
        ),
        ({"type": "response.failed", "response": {"status": "failed"}}, Fault.PROVIDER, True),
        ({"type": "response.completed", "response": {"status": "cancelled"}}, Fault.PROVIDER, True),
        ({"type": "error", "code": "insufficient_quota", "message": "sk-key"}, Fault.CONFIGURATION, False),
    ],
)
def test_a_failure_is_told(event: Any, fault: Fault, retryable: bool) -> None:
    with pytest.raises(ProviderError) as failed:
        read(event)
    assert (failed.value.fault, failed.value.retryable) == (fault, retryable)
    assert "sk-key" not in str(failed.value)


def test_a_response_without_its_end_was_cut() -> None:
    delta = {"type": "response.output_text.delta", "delta": "a"}
    assert read(delta, ended=True)[-1] == ChatFinished(reason=FinishReason.STOP)
    for events, ended, where in (
        ([delta], False, "in the middle"),
        ([], True, "before its first"),
        ([{"type": "response.created"}], False, "before"),
    ):
        with pytest.raises(ProviderError, match=f"cut {where}"):
            read(*events, ended=ended)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["item", "id", "item_id", "output_index", "type", "response", "output", "status", "arguments", "delta", "content", "text", "usage"]
    ), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip
TYPES = st.sampled_from([
    *("response.output_item.added", "response.output_item.done", "response.function_call_arguments.delta", None),
    *("response.function_call_arguments.done", "response.output_text.delta", "response.completed", "error", "other"),
])  # fmt: skip


@given(st.lists(st.tuples(TYPES, JSON), max_size=5), st.booleans())
def test_whatever_a_server_sends_is_events_or_a_failure_of_the_provider(values: list[Any], ended: bool) -> None:
    try:
        events = read(*({"type": kind, **value} if isinstance(value, dict) else value for kind, value in values), ended=ended)
    except ProviderError:
        return
    assert sum(isinstance(event, ChatFinished) for event in events) == 1
    calls(events)
