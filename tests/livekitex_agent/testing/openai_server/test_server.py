"""The loopback server: the official SDK talks to it as it is, and what it refuses OpenAI refuses."""

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from livekitex_agent import UsageError
from livekitex_agent.testing.fakes import read_aloud
from livekitex_agent.testing.openai_server import Answer, Cut, Hold, OpenAIServer, Reply, Request, chat_answer, error, page
from livekitex_agent.testing.openai_server.refusals import refusal_of


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def client(server: OpenAIServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        yield client


class Price(BaseModel):
    """The price."""

    product: str


def said(client: openai.OpenAI, text: str, **fields: Any) -> Any:
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}], **fields)


def test_the_sdk_reads_each_of_its_answers(client: openai.OpenAI) -> None:
    assert said(client, "hello").choices[0].message.content == "You said: hello"
    chunks = list(said(client, "hello", stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "You said: hello"
    assert chunks[-1].usage.total_tokens == 15
    tools: Any = [openai.pydantic_function_tool(Price)]
    with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "Price of a pizza"}], tools=tools) as stream:
        (call,) = stream.get_final_completion().choices[0].message.tool_calls or ()
    assert (call.function.name, call.function.parsed_arguments) == ("Price", Price(product="Price of a pizza"))


def test_the_sdk_reads_responses(client: openai.OpenAI) -> None:
    assert client.responses.create(model="m", input=[{"role": "user", "content": "hello"}]).output_text == "You said: hello"
    tools: Any = [{"type": "function", "name": "price", "parameters": {"type": "object", "properties": {}}, "strict": False}]
    with client.responses.stream(model="m", input=[{"role": "user", "content": "price"}], tools=tools) as stream:
        kinds = [event.type for event in stream]
        (call,) = stream.get_final_response().output
    assert kinds[0] == "response.created"
    assert call.type == "function_call"
    assert (call.name, call.arguments) == ("price", "{}")


def test_the_sdk_hears_and_is_heard(client: openai.OpenAI) -> None:
    pcm = client.audio.speech.create(model="m", voice="v", input="Two pizzas.", response_format="pcm").content
    assert read_aloud(pcm, 24_000) == "Two pizzas."
    assert client.audio.transcriptions.create(model="m", file=("a.wav", b"no audio")).text == ""


def test_the_scripted_answers_come_first_in_order_and_functions_see_the_request(server: OpenAIServer, client: openai.OpenAI) -> None:
    def third(request: Request) -> Reply:
        return Reply.of(f"to {request.body['messages'][0]['content']} by {request.headers['Authorization']}")

    server.script("chat", Reply.of("one"), error(429, "wait", retry_after="7"), third)
    assert said(client, "a").choices[0].message.content == "one"
    with pytest.raises(openai.RateLimitError, match="wait") as refused:
        said(client, "b")
    assert refused.value.response.headers["retry-after"] == "7"
    assert said(client, "c").choices[0].message.content == "to c by Bearer any"
    assert said(client, "d").choices[0].message.content == "You said: d"
    server.wait_for(lambda requests: [request.outcome for request in requests] == ["answered"] * 4)
    with pytest.raises(UsageError, match="use one of chat, responses, transcriptions, speech"):
        server.script("chats", Reply.of("one"))


def test_an_answer_is_given_always_until_there_is_another(server: OpenAIServer, client: openai.OpenAI) -> None:
    server.always("chat", Reply.of("always"))
    server.script("chat", Reply.of("once"))
    assert [said(client, "a").choices[0].message.content for _ in range(3)] == ["once", "always", "always"]
    server.always("chat", None)
    assert said(client, "a").choices[0].message.content == "You said: a"
    with pytest.raises(UsageError, match="there is no route 'speach'"):
        server.always("speach", None)


def test_another_key_is_refused() -> None:
    with OpenAIServer(api_key="sk-right") as server, openai.OpenAI(base_url=server.base_url, api_key="sk-wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            said(client, "hello")
        assert said(client.with_options(api_key="sk-right"), "hello")


def test_an_answer_is_held_until_it_is_released_and_what_was_sent_is_seen(server: OpenAIServer) -> None:
    server.script("chat", chat_answer(Reply.of("one two")).held(after=2))

    async def use() -> list[str]:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
            stream = await client.chat.completions.create(model="m", messages=[], stream=True)
            await asyncio.to_thread(server.wait_for, lambda requests: requests[0].sent == 2)
            assert server.requests[0].outcome == ""
            server.release()
            return [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]

    assert "".join(asyncio.run(use())) == "one two"


def test_it_tells_a_client_that_left_from_a_connection_that_it_cut(server: OpenAIServer, client: openai.OpenAI) -> None:
    server.script("chat", Answer(body=(b": alive\n\n", Hold())), Answer(before=(Cut(),)), page(status=502))
    with pytest.raises(openai.APITimeoutError):
        list(said(client.with_options(timeout=5.0), "a", stream=True))
    with pytest.raises(openai.APIConnectionError):
        said(client, "b")
    with pytest.raises(openai.InternalServerError):
        said(client, "c")
    server.wait_for(lambda requests: [request.outcome for request in requests] == ["left", "cut", "answered"])
    with pytest.raises(TimeoutError, match="the requests are"):
        server.wait_for(lambda requests: len(requests) == 9, timeout_s=0.01)


def test_it_listens_on_loopback_and_no_more_once_it_is_left() -> None:
    with OpenAIServer() as server:
        host, port = server.base_url.removeprefix("http://").removesuffix("/v1").split(":")
        assert host == "127.0.0.1"
        with openai.OpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
            assert said(client, "hello")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 5)


def test_a_server_that_was_released_holds_nothing_more(server: OpenAIServer, client: openai.OpenAI) -> None:
    server.release()
    server.script("chat", chat_answer(Reply.of("one"), stream=False).late(Hold()))
    assert said(client, "a").choices[0].message.content == "one"


def strict(**parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "strict": True, "parameters": parameters}}


WHOLE = {"type": "object", "additionalProperties": False}


@pytest.mark.parametrize(
    ("route", "body", "words"),
    [
        ("chat", {}, "must provide a model"),
        ("speech", {"model": "m"}, "input and voice"),
        ("transcriptions", {"model": "m"}, "file is required"),
        ("chat", {"model": "m", "tool_choice": "none"}, "only allowed when 'tools'"),
        ("chat", {"model": "m", "tools": [{"function": {"name": "größe"}}]}, "does not match the pattern"),
        ("chat", {"model": "m", "tools": [strict(type="object", properties={}, required=[])]}, "additionalProperties"),
        ("chat", {"model": "m", "tools": [strict(**WHOLE, properties={"a": {"type": "string"}}, required=[])]}, "every key in properties"),
        ("chat", {"model": "m", "tools": [strict(**WHOLE, properties={"a": {}}, required=["a"])]}, "must have a 'type' key"),
        ("chat", {"model": "m", "tools": [strict(**WHOLE, properties={"a": True}, required=["a"])]}, "a schema is True"),
        ("chat", {"model": "m", "tools": [strict(**WHOLE, properties={"a": {"type": "array"}}, required=["a"])]}, "a schema is None"),
        (
            "chat",
            {"model": "m", "tools": [strict(**WHOLE, properties={"a": {"type": "string", "default": ""}}, required=["a"])]},
            "'default'",
        ),
        ("chat", {"model": "m", "tools": [strict(**WHOLE, properties={"a": {"$ref": "#/$defs/A"}}, required=["a"])]}, "is not defined"),
        (
            "responses",
            {
                "model": "m",
                "tools": [
                    {
                        "name": "f",
                        "strict": True,
                        "parameters": {
                            **WHOLE,
                            "properties": {"a": {"$ref": "#/$defs/A", "description": "d"}},
                            "required": ["a"],
                            "$defs": {"A": {"type": "string"}},
                        },
                    }
                ],
            },
            "keywords beside it",
        ),
        ("chat", {"model": "m", "messages": [{"role": "tool", "tool_call_id": "c"}]}, "must be a response to a preceding"),
        ("chat", {"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"id": "c"}]}, {"role": "user"}]}, "must be followed by"),
    ],
)
def test_it_refuses_what_the_service_refuses(route: str, body: dict[str, Any], words: str) -> None:
    assert words in refusal_of(route, json.loads(json.dumps(body)))


def test_it_refuses_nothing_else() -> None:
    parts = {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "b": {"type": ["array", "null"], "items": {"$ref": "#/$defs/B"}}}
    tool = strict(**WHOLE, properties=parts, required=["a", "b"], **{"$defs": {"B": {"type": "integer"}}})
    messages = [{"role": "assistant", "tool_calls": [{"id": "c"}]}, {"role": "tool", "tool_call_id": "c"}, {"role": "user"}]
    assert refusal_of("chat", {"model": "m", "tools": [tool], "tool_choice": "auto", "messages": messages}) == ""
