"""Chat Completions: what is asked, and what is read, from OpenAI and from servers that imitate it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.providers import CallAssembler
from actors.providers.openai.chat_format import ChatReader, chat_request
from protocols import (
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatMessage,
    ChatOptions,
    Fault,
    FinishReason,
    FunctionCall,
    FunctionChoice,
    LLMEvent,
    ProviderError,
    Role,
    TextDelta,
    TokenUsage,
    ToolChoice,
    ToolSchema,
)

CONTEXT = ChatContext((ChatMessage.of(Role.SYSTEM, "Be brief."), ChatMessage.of(Role.USER, "hello")))
TOOL = ToolSchema(
    name="price", description="The price.", parameters={"type": "object", "properties": {"n": {"type": "integer", "default": 1}}}
)
FREE = ToolSchema(name="any", description="Anything.", parameters={"type": "object", "additionalProperties": True})


def asked(*tools: ToolSchema, strict: bool = True, options: ChatOptions = ChatOptions(), **parameters: Any) -> dict[str, Any]:  # noqa: B008
    return chat_request(CONTEXT, tools, options, parameters, strict=strict)


def chunk(*deltas: Any, reason: Any = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason} for delta in deltas or ({},)], **fields}


def read(*chunks: Any, ended: bool = True) -> list[LLMEvent]:
    reader = ChatReader("openai/m")
    events = [event for value in chunks for event in reader.read(value)]
    return events + list(reader.finish(ended=ended))


def spoken(events: list[LLMEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def calls(events: list[LLMEvent]) -> list[FunctionCall]:
    ids = iter(range(100))
    assembler = CallAssembler(lambda: f"made{next(ids)}")
    for event in events:
        if isinstance(event, CallDelta):
            assembler.add(event)
    return list(assembler.finish())


def piece(index: Any = None, call_id: Any = None, name: Any = None, arguments: Any = None) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}]}


def test_a_request_has_what_the_context_says_and_no_tools_without_any() -> None:
    assert asked() == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
        "stream_options": {"include_usage": True},
    }


def test_tools_are_strict_where_they_can_be() -> None:
    strict, free = asked(TOOL, FREE)["tools"]
    assert strict["function"]["strict"] is True
    assert strict["function"]["parameters"]["required"] == ["n"]
    assert "default" not in json.dumps(strict)
    assert free == FREE.to_openai()
    assert asked(TOOL, strict=False)["tools"] == [TOOL.to_openai()]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ToolChoice.AUTO, None),
        (ToolChoice.NONE, "none"),
        (ToolChoice.REQUIRED, "required"),
        (FunctionChoice(name="price"), {"type": "function", "function": {"name": "price"}}),
    ],
)
def test_the_choice_of_a_tool_is_said_where_there_are_tools(choice: Any, said: Any) -> None:
    options = ChatOptions(tool_choice=choice, parallel_tool_calls=False)
    assert asked(TOOL, options=options).get("tool_choice") == said
    assert asked(TOOL, options=options)["parallel_tool_calls"] is False
    assert not {"tool_choice", "parallel_tool_calls"} & asked(options=options).keys()


def test_the_session_s_word_comes_before_the_parameters_and_none_leaves_one_out() -> None:
    options = ChatOptions(tool_choice=ToolChoice.NONE, extra={"temperature": 0.1})
    request = asked(TOOL, options=options, temperature=0.7, top_p=0.5, tool_choice="required", stream_options=None, seed=None)
    assert (request["temperature"], request["top_p"], request["tool_choice"]) == (0.1, 0.5, "none")
    assert not {"stream_options", "seed"} & request.keys()
    assert asked(TOOL, tool_choice="required")["tool_choice"] == "required"


def test_an_answer_in_words_is_its_pieces_then_its_end_then_its_usage() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    events = read(
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hi"}),
        chunk({"content": " 👋"}),
        chunk(reason="stop"),
        {
            "choices": [],
            "usage": usage,
        },
    )
    assert events == [
        TextDelta(text="Hi"),
        TextDelta(text=" 👋"),
        ChatFinished(reason=FinishReason.STOP),
        TokenUsage(prompt_tokens=9, cached_prompt_tokens=4, completion_tokens=2),
    ]


@pytest.mark.parametrize(
    ("reason", "read_as"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("max_tokens", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("tool_calls", FinishReason.TOOL_CALLS),
        ("function_call", FinishReason.TOOL_CALLS),
        ("STOP", FinishReason.STOP),
        ("eos", FinishReason.STOP),
    ],
)
def test_the_end_has_its_reason(reason: str, read_as: FinishReason) -> None:
    assert read(chunk({"content": "a"}, reason=reason), ended=False) == [TextDelta(text="a"), ChatFinished(reason=read_as)]


@pytest.mark.parametrize("reason", ["error", "abort", "ERROR"])
def test_an_end_that_is_none_is_a_failure(reason: str) -> None:
    with pytest.raises(ProviderError, match="broke off its answer") as failed:
        read(chunk({"content": "a"}), chunk(reason=reason))
    assert failed.value.retryable


def test_an_answer_without_its_end_was_cut_unless_the_service_says_that_it_is_over() -> None:
    assert read(chunk({"content": "a"}), ended=True)[-1] == ChatFinished(reason=FinishReason.STOP)
    for chunks, ended, where in (
        ([chunk({"content": "a"})], False, "in the middle"),
        ([chunk({})], False, "before its first"),
        ([], True, "before"),
    ):
        with pytest.raises(ProviderError, match=f"cut {where}") as failed:
            read(*chunks, ended=ended)
        assert (failed.value.fault, failed.value.retryable) == (Fault.NETWORK, True)


ODD_CALLS = {
    "openai": [
        piece(0, "c1", "price", ""),
        piece(0, None, None, '{"n"'),
        piece(0, None, None, ": 1}"),
        piece(1, "c2", "price", ""),
        piece(1, arguments='{"n": 2}'),
    ],
    "no index": [piece(None, "c1", "price", '{"n": 1}'), piece(None, "c2", "price", '{"n": 2}')],
    "one index for all": [piece(0, "c1", "price", '{"n": 1}'), piece(0, "c2", "price", '{"n": 2}')],
    "no id": [piece(0, None, "price", '{"n": 1}'), piece(1, None, "price", '{"n": 2}')],
    "empty id behind the first": [piece(0, "c1", "price", '{"n"'), piece(0, "", "", ": 1}"), piece(1, "c2", "price", '{"n": 2}')],
    "braces first": [
        piece(0, "c1", "price", "{}"),
        piece(0, None, None, '{"n": 1}'),
        piece(1, "c2", "price", "{}"),
        piece(1, None, None, '{"n": 2}'),
    ],
    "an object": [piece(0, "c1", "price", {"n": 1}), piece(1, "c2", "price", {"n": 2})],
    "the index as text": [piece("0", "c1", "price", '{"n": 1}'), piece("1", "c2", "price", '{"n": 2}')],
    "the id as a number": [piece(0, 1, "price", '{"n": 1}'), piece(1, 2, "price", '{"n": 2}')],
    "all in one": [
        {"tool_calls": [*piece(0, "c1", "price", '{"n": 1}')["tool_calls"], *piece(1, "c2", "price", '{"n": 2}')["tool_calls"]]}
    ],
}


@pytest.mark.parametrize("name", ODD_CALLS)
def test_calls_in_pieces_of_odd_servers_are_put_together(name: str) -> None:
    events = read(*(chunk(delta) for delta in ODD_CALLS[name]), chunk(reason="stop"))
    assert [(call.name, json.loads(call.arguments)) for call in calls(events)] == [("price", {"n": 1}), ("price", {"n": 2})]
    assert len({call.call_id for call in calls(events)}) == 2
    assert events[-1] == ChatFinished(reason=FinishReason.TOOL_CALLS), "who calls waits for results, whatever the service calls it"


def test_a_call_of_the_time_before_tools_is_one() -> None:
    events = read(chunk({"function_call": {"name": "price", "arguments": '{"n": 1}'}}), chunk(reason="function_call"))
    assert [(call.name, call.arguments) for call in calls(events)] == [("price", '{"n": 1}')]


def test_a_call_that_was_cut_at_a_limit_keeps_that_reason() -> None:
    assert read(chunk(piece(0, "c", "price", '{"n'), reason="length"))[-1] == ChatFinished(reason=FinishReason.LENGTH)


def test_a_server_that_does_not_stream_is_read_too() -> None:
    message = {"role": "assistant", "content": "Hello.", "tool_calls": piece(None, "c1", "price", "{}")["tool_calls"]}
    events = read(
        {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": 1}}, ended=False
    )
    assert spoken(events) == "Hello."
    assert len(calls(events)) == 1
    assert events[-1] == TokenUsage(prompt_tokens=1)


def test_content_in_parts_refusals_and_thoughts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}, "c"]
    events = read(
        chunk({"content": parts}), chunk({"reasoning_content": "hm"}), chunk({"content": None, "refusal": "No."}), chunk(reason="stop")
    )
    assert spoken(events) == "abNo.", "thoughts are not said"


def test_thoughts_that_are_told_as_text_are_not_said() -> None:
    pieces = [chunk({"content": text}) for text in ("<thi", "nk>Hm", ".</think>", "\n", "Hello.")]
    assert spoken(read(*pieces, chunk(reason="stop"))).strip() == "Hello."
    assert spoken(read(chunk({"content": "<"}), chunk(reason="stop"))) == "<", "what is no mark is said at the end"


def test_other_choices_than_the_first_are_not_said() -> None:
    second = {"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": "stop"}]}
    assert spoken(read(second, chunk({"content": "a"}, reason="stop"))) == "a"
    assert spoken(read({"choices": [{"delta": {"content": "a"}}]})) == "a", "an index is not needed"


def test_the_last_usage_counts_and_what_is_no_number_is_nothing() -> None:
    told = [
        chunk({"content": "a"}, usage={"prompt_tokens": 1}),
        chunk(reason="stop", usage={"prompt_tokens": 5, "completion_tokens": None}),
    ]
    assert read(*told, chunk(usage=None))[-1] == TokenUsage(prompt_tokens=5)
    odd = {"prompt_tokens": 3, "completion_tokens": -1, "prompt_tokens_details": {"cached_tokens": 9}}
    assert read(chunk({"content": "a"}, reason="stop", usage=odd))[-1] == TokenUsage(prompt_tokens=3, cached_prompt_tokens=3)


@pytest.mark.parametrize("value", [None, 5, "text", [1]])
def test_a_chunk_that_is_none_is_a_failure(value: Any) -> None:
    with pytest.raises(ProviderError, match="a chunk of its answer is a"):
        read(value)


@pytest.mark.parametrize(
    "choices", [None, {}, "x", [None, 5], [{"delta": None}], [{"delta": 5}], [{}], [{"delta": {"tool_calls": [None]}}]]
)
def test_chunks_that_say_nothing_say_nothing(choices: Any) -> None:
    assert read({"choices": choices}, chunk({"content": "a"}, reason="stop")) == [
        TextDelta(text="a"),
        ChatFinished(reason=FinishReason.STOP),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["choices", "delta", "message", "content", "tool_calls", "function", "name", "arguments", "id", "index", "finish_reason", "usage"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(JSON, max_size=4), st.booleans())
def test_whatever_a_server_sends_is_events_or_a_failure_of_the_provider(values: list[Any], ended: bool) -> None:
    try:
        events = read(*values, ended=ended)
    except ProviderError:
        return
    assert sum(isinstance(event, ChatFinished) for event in events) == 1
    calls(events)
