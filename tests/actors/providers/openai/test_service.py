"""A service that misbehaves: each way, for each provider, ends in time with the error that says whose fault it is."""

import asyncio
import gzip
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from actors.providers.openai import sdk, service
from actors.providers.openai.service import load_sdk
from livekitex_agent.testing.openai_server import (
    Answer,
    Cut,
    Hold,
    OpenAIServer,
    Pause,
    Reply,
    audio,
    chat_answer,
    error,
    events,
    json_answer,
    page,
    responses_answer,
)
from protocols import Fault, MissingExtraError, ProviderError, TextDelta, TokenUsage
from support.openai_loopback import CHAT, KEY, KINDS, RESPONSES, SPEECH, STREAMS, TRANSCRIPTIONS, Kind, ask

WITHIN_S = 20.0
SILENCE_S = 3.0
CONFIGURATION, CALLER, PROVIDER, NETWORK = Fault.CONFIGURATION, Fault.CALLER, Fault.PROVIDER, Fault.NETWORK
FULL_REPLY = Reply.of("one two three four five")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(api_key=KEY) as server:
        yield server
    assert {request.outcome for request in server.requests} <= {"answered", "left", "cut"}, "nothing is held behind a test"


def answer_of(kind: Kind) -> Answer:
    """A good answer of several pieces."""
    match kind.route:
        case "chat":
            return chat_answer(FULL_REPLY)
        case "responses":
            return responses_answer(FULL_REPLY)
        case "speech":
            return audio(b"\1\2" * 4_800, pieces=4)
        case _:
            return json_answer({"text": "hello there"})


async def outcome(kind: Kind, provider: Any) -> Any:
    """What using it comes to, its failure included; closed behind it."""
    try:
        async with asyncio.timeout(WITHIN_S):
            return await kind.use(provider)
    except ProviderError as failure:
        return failure
    finally:
        await provider.aclose()


def failure(kind: Kind, server: OpenAIServer, answer: Answer, **options: Any) -> ProviderError:
    server.script(kind.route, answer)
    failed = asyncio.run(outcome(kind, kind.at(server, **options)))
    assert isinstance(failed, ProviderError), failed
    assert KEY not in str(failed)
    return failed


REFUSALS: dict[str, tuple[Answer, Fault, bool, float | None, int | None]] = {
    "400": (error(400, "no", kind="invalid_request_error"), CALLER, False, None, 400),
    "401": (error(401, f"bad key {KEY}", code="invalid_api_key"), CONFIGURATION, False, None, 401),
    "403": (error(403), CONFIGURATION, False, None, 403),
    "404": (error(404, code="model_not_found"), CONFIGURATION, False, None, 404),
    "404 page": (page(status=404), CONFIGURATION, False, None, 404),
    "408": (error(408), PROVIDER, True, None, 408),
    "409": (error(409), PROVIDER, True, None, 409),
    "413 page": (page(status=413), CALLER, False, None, 413),
    "422": (json_answer({"detail": [{"msg": "no"}]}, status=422), CALLER, False, None, 422),
    "429": (error(429, code="rate_limit_exceeded", retry_after="2"), PROVIDER, True, 2.0, 429),
    "429 ms": (error(429, **{"retry-after-ms": "1500"}), PROVIDER, True, 1.5, 429),
    "429 date": (error(429, retry_after="Tue, 14 Nov 2023 22:13:20 GMT"), PROVIDER, True, 0.0, 429),
    "429 quota": (error(429, code="insufficient_quota"), CONFIGURATION, False, None, 429),
    "500": (error(500), PROVIDER, True, None, 500),
    "500 nothing": (Answer(status=500), PROVIDER, True, None, 500),
    "500 for good": (error(500, **{"x-should-retry": "false"}), PROVIDER, False, None, 500),
    "500 endless": (Answer(status=500, body=(b"x" * 40_000, b"x" * 40_000, Hold())), PROVIDER, True, None, 500),
    "501": (error(501), PROVIDER, False, None, 501),
    "502 page": (page(status=502), PROVIDER, True, None, 502),
    "503": (error(503, retry_after="30"), PROVIDER, True, 30.0, 503),
    "504 page": (page(status=504), PROVIDER, True, None, 504),
    "301": (Answer(status=301, headers={"Location": "https://elsewhere.example/v1"}), CONFIGURATION, False, None, 301),
    "307": (Answer(status=307, headers={"Location": "https://elsewhere.example/v1"}), CONFIGURATION, False, None, 307),
    "page": (page(), CONFIGURATION, False, None, None),
    "error in an answer": (json_answer({"error": {"message": "no", "type": "server_error"}}), PROVIDER, True, None, None),
    "error as text": (json_answer({"error": "overloaded"}), PROVIDER, True, None, None),
    "wrong JSON": (Answer(content_type="application/json", body=(b'{"choices": [',)), PROVIDER, True, None, None),
    "deep JSON": (Answer(content_type="application/json", body=(b"[" * 200_000,)), PROVIDER, True, None, None),
    "cut before the head": (Answer(before=(Cut(),)), NETWORK, True, None, None),
    "closed before the head": (Answer(raw=True), NETWORK, True, None, None),
    "garbage": (Answer(raw=True, body=(b"SSH-2.0-OpenSSH\r\n",)), NETWORK, True, None, None),
    "shorter than it says": (
        Answer(raw=True, body=(b"HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nContent-Length: 90\r\n\r\nabcd",)),
        NETWORK,
        True,
        None,
        None,
    ),
    "no gzip": (Answer(headers={"Content-Encoding": "gzip"}, body=(b"plain text" * 9,)), NETWORK, True, None, None),
}


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_says_whose_fault_it_is_and_when_to_try_again(server: OpenAIServer, kind: Kind, name: str) -> None:
    answer, fault, retryable, retry_after_s, status = REFUSALS[name]
    failed = failure(kind, server, answer)
    assert (failed.fault, failed.retryable, failed.retry_after_s, failed.status_code) == (fault, retryable, retry_after_s, status), str(
        failed
    )
    assert len(server.requests) == 1, "who asks decides whether to try again"


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_silence_ends_in_time(server: OpenAIServer, kind: Kind) -> None:
    """Before the head, behind it, in an error, and where only comments come: at once, so that the limit can be longer than a stall."""
    silent = [answer_of(kind).late(Hold()), answer_of(kind).held(), Answer(status=500, body=(Hold(),))]
    if kind in (CHAT, RESPONSES):
        silent.append(Answer(body=tuple(move for _ in range(400) for move in (b": alive\n\n", Pause(0.05)))))
    server.script(kind.route, *silent)

    async def use() -> list[Any]:
        return await asyncio.gather(*(outcome(kind, kind.at(server, timeout_s=SILENCE_S)) for _ in silent))

    for failed in asyncio.run(use()):
        assert isinstance(failed, ProviderError)
        assert (failed.fault, failed.retryable) == (NETWORK, True)
        assert "in time" in str(failed)
    server.wait_for(lambda requests: [request.outcome for request in requests] == ["left"] * len(silent))


@pytest.mark.parametrize("kind", STREAMS, ids=str)
def test_an_answer_that_does_not_end_ends_in_time(server: OpenAIServer, kind: Kind) -> None:
    good = answer_of(kind)
    endless = Answer(
        content_type=good.content_type, body=(good.body[0], *[move for _ in range(500) for move in (Pause(0.02), good.body[1])])
    )
    assert "in time" in str(failure(kind, server, endless, total_timeout_s=3.0))
    server.wait_for(lambda requests: requests[0].outcome == "left")


@pytest.mark.parametrize("kind", STREAMS, ids=str)
@pytest.mark.parametrize("after", [1, 2, 3])
def test_an_answer_that_is_cut_is_a_failure_and_what_came_was_given(server: OpenAIServer, kind: Kind, after: int) -> None:
    server.script(kind.route, answer_of(kind).cut(after))

    async def use() -> int:
        provider, got = kind.at(server), 0
        stream = provider.synthesize("hello there") if kind is SPEECH else provider.chat(*_nothing())
        with pytest.raises(ProviderError) as failed:  # noqa: PT012 - what came before is counted
            async for _ in stream:
                got += 1
        assert (failed.value.fault, failed.value.retryable) == (NETWORK, True)
        await provider.aclose()
        return got

    assert asyncio.run(use()) <= after


@pytest.mark.parametrize("kind", STREAMS, ids=str)
def test_pauses_within_the_limit_are_waited_for(server: OpenAIServer, kind: Kind) -> None:
    server.script(kind.route, answer_of(kind).slow(0.05), answer_of(kind))
    slow, fast = (asyncio.run(outcome(kind, kind.at(server, timeout_s=5.0))) for _ in range(2))
    assert slow == fast


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_bytes_one_by_one_and_compressed_are_the_same_answer(server: OpenAIServer, kind: Kind) -> None:
    good = answer_of(kind)
    packed = gzip.compress(b"".join(piece for piece in good.body if isinstance(piece, bytes)))
    zipped = Answer(content_type=good.content_type, headers={"Content-Encoding": "gzip"}, body=(packed,))
    server.script(
        kind.route, good, Answer(content_type=good.content_type, body=good.body[:6]).bytewise() if kind is SPEECH else good, zipped
    )
    assert len({asyncio.run(outcome(kind, kind.at(server))) for _ in range(3)}) == 1


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_connection_is_kept_and_used_again(server: OpenAIServer, kind: Kind) -> None:
    async def use() -> None:
        provider = kind.at(server)
        for _ in range(4):
            await kind.use(provider)
        await provider.aclose()

    asyncio.run(use())
    assert [request.connection for request in server.requests] == [0, 0, 0, 0]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_connection_is_used_again_after_a_refusal(server: OpenAIServer, kind: Kind) -> None:
    server.script(kind.route, error(429), error(500))

    async def use() -> None:
        provider = kind.at(server)
        for _ in range(2):
            with pytest.raises(ProviderError):
                await kind.use(provider)
        await kind.use(provider)
        await provider.aclose()

    asyncio.run(use())
    assert [request.connection for request in server.requests] == [0, 0, 0]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("where", ["before the head", "in the body"])
def test_a_request_that_is_cancelled_closes_its_connection_and_the_next_one_works(server: OpenAIServer, kind: Kind, where: str) -> None:
    held = answer_of(kind).late(Hold()) if where == "before the head" else answer_of(kind).held(after=1)
    server.script(kind.route, held)

    async def use() -> object:
        provider = kind.at(server)
        task = asyncio.ensure_future(kind.use(provider))
        await asyncio.to_thread(server.wait_for, lambda requests: requests and (where == "before the head" or requests[0].sent))
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()
        await asyncio.to_thread(server.wait_for, lambda requests: requests[0].outcome == "left")
        result = await kind.use(provider)
        await provider.aclose()
        return result

    assert asyncio.run(use())


@pytest.mark.parametrize("kind", STREAMS, ids=str)
def test_a_stream_that_is_left_closes_its_connection(server: OpenAIServer, kind: Kind) -> None:
    server.script(kind.route, answer_of(kind).held(after=3))

    async def use() -> None:
        provider = kind.at(server)
        stream = provider.synthesize("hello there") if kind is SPEECH else provider.chat(*_nothing())
        async for _ in stream:
            break
        await stream.aclose()
        await asyncio.to_thread(server.wait_for, lambda requests: requests[0].outcome == "left")
        await provider.aclose()

    asyncio.run(use())


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_closing_ends_requests_that_go_on_and_the_next_one_works(server: OpenAIServer, kind: Kind) -> None:
    server.script(kind.route, answer_of(kind).late(Hold()))

    async def use() -> None:
        provider = kind.at(server)
        task = asyncio.ensure_future(kind.use(provider))
        await asyncio.to_thread(server.wait_for, len)
        await provider.aclose()
        await provider.aclose()
        with pytest.raises(ProviderError):
            await task
        assert await kind.use(provider)
        await provider.aclose()

    asyncio.run(use())


def test_a_provider_works_on_one_loop_after_the_other(server: OpenAIServer) -> None:
    provider = CHAT.at(server)
    for _ in range(2):
        assert asyncio.run(outcome(CHAT, provider)) == "You said: hello there"


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_server_that_is_not_there_is_told_as_such(kind: Kind) -> None:
    with OpenAIServer() as gone:
        provider = kind.at(gone)
    failed = asyncio.run(outcome(kind, provider))
    assert isinstance(failed, ProviderError)
    assert (failed.fault, failed.retryable) == (NETWORK, True)


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_no_proxy_leads_to_this_machine(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert asyncio.run(outcome(CHAT, CHAT.at(server))) == "You said: hello there"


CHUNK = {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]}
END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USED = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}


def sse(*values: Any, done: bool = True) -> list[bytes]:
    return [piece for piece in events(values, done=done).body if isinstance(piece, bytes)]


@pytest.mark.parametrize(
    "body",
    [
        sse(CHUNK, END, USED),
        sse(CHUNK, END, USED, done=False),
        sse(CHUNK, END),
        sse(CHUNK, done=True),
        [b"".join(sse(CHUNK, END))],
        [piece.replace(b"\n", b"\r\n") for piece in sse(CHUNK, END)],
        [piece.replace(b"\n", b"\r") for piece in sse(CHUNK, END)],
        [piece.replace(b"data: ", b"data:") for piece in sse(CHUNK, END)],
        [b": hello\n\n", b"event: ping\n\n", b"id: 7\n", *sse(CHUNK), b": alive\n\n", *sse(END)],
        [*sse(CHUNK, done=False), b"data: " + json.dumps(END).encode()],
        [b"\xef\xbb\xbf", *sse(CHUNK, END)],
        [*sse(CHUNK, END, USED), b"data: {nonsense\n\n"],
        [*sse(CHUNK, END, done=False), Hold()],
        [*sse(CHUNK, END, done=False), b"data: {nonsense\n\n"],
        [*sse(CHUNK, END, done=False), Cut()],
        [*sse(CHUNK, END), Hold()],
    ],
)
@pytest.mark.parametrize("content_type", ["text/event-stream", "text/plain", "application/octet-stream"])
def test_a_stream_is_read_however_it_is_written(server: OpenAIServer, body: list[Any], content_type: str) -> None:
    server.script("chat", Answer(body=tuple(body), content_type=content_type))
    assert asyncio.run(outcome(CHAT, CHAT.at(server))) == "Hi"


def test_an_answer_that_is_whole_is_not_held_up_by_its_usage(server: OpenAIServer) -> None:
    server.script("chat", Answer(body=(*sse(CHUNK, END, done=False), Hold())), Answer(body=(*sse(CHUNK, END, USED), Hold())))

    async def use() -> list[list[Any]]:
        provider = CHAT.at(server)
        async with asyncio.timeout(WITHIN_S):
            answers = [await ask(provider), await ask(provider)]
        await provider.aclose()
        return answers

    without, with_usage = asyncio.run(use())
    assert [type(event).__name__ for event in without] == ["TextDelta", "ChatFinished"]
    assert with_usage[-1] == TokenUsage(prompt_tokens=1, completion_tokens=1)


@pytest.mark.parametrize(
    ("body", "fault", "retryable", "words"),
    [
        ([*sse(CHUNK, done=False), b"data: {broken\n\n"], PROVIDER, True, "no JSON: {broken"),
        ([*sse(CHUNK, done=False), b'data: {"error": {"message": "overloaded", "code": 503}}\n\n'], PROVIDER, True, "overloaded"),
        (
            [*sse(CHUNK, done=False), b'data: {"error": {"message": "too long", "code": "context_length_exceeded"}}\n\n'],
            CALLER,
            False,
            "too long",
        ),
        ([b"data: [DONE]\n\n"], NETWORK, True, "before its first word"),
        ([b""], CONFIGURATION, False, "is no answer: nothing"),
        ([b": only comments\n\n"], CONFIGURATION, False, "is no answer"),
        ([b"data: 5\n\n"], PROVIDER, True, "a chunk of its answer is a int"),
        ([b"data: " + b"x" * 5_000_000], PROVIDER, False, "an event of more than 4096 KiB"),
    ],
)
def test_a_stream_that_cannot_be_read_is_a_failure(
    server: OpenAIServer, body: list[bytes], fault: Fault, retryable: bool, words: str
) -> None:
    failed = failure(CHAT, server, Answer(body=tuple(body)))
    assert (failed.fault, failed.retryable) == (fault, retryable)
    assert words in str(failed)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_an_answer_beyond_all_measure_is_refused(server: OpenAIServer, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_ANSWER_BYTES", 1 << 20)
    good = answer_of(kind)
    body = tuple(good.body[:2]) + ((b" " * 300_000,) * 8 if kind is TRANSCRIPTIONS else (b": x" * 100_000 + b"\n",) * 8)
    if kind is SPEECH:
        body = (b"\1\2" * 150_000,) * 8
    failed = failure(kind, server, Answer(content_type=good.content_type, body=body))
    assert "more than 1 MiB" in str(failed)
    assert not failed.retryable


def test_a_stream_of_tiny_deltas_is_read_as_it_comes(server: OpenAIServer) -> None:
    server.script("chat", chat_answer(Reply(pieces=("a", "b"))).held(after=2))

    async def use() -> str:
        provider = CHAT.at(server)
        stream = provider.chat(*_nothing())
        first = await anext(stream)
        server.release()
        rest = [event.text async for event in stream if isinstance(event, TextDelta)]
        await provider.aclose()
        return str(first.text) + "".join(rest)

    assert asyncio.run(use()) == "ab", "the first piece is there before the second is sent"


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_key_is_shown_nowhere(server: OpenAIServer, kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    server.script(kind.route, error(401, f"Incorrect API key provided: {KEY}"))
    with caplog.at_level(logging.DEBUG):
        provider = kind.at(server)
        failed = asyncio.run(outcome(kind, provider))
        assert asyncio.run(outcome(kind, provider))
    assert isinstance(failed, ProviderError)
    shown = [repr(provider), repr(provider._service.settings), repr(failed), str(failed), caplog.text, repr(server.requests)]
    assert not [text for text in shown if KEY in text]


def test_without_the_extra_the_cure_is_named(monkeypatch: pytest.MonkeyPatch, server: OpenAIServer) -> None:
    assert load_sdk() is sdk
    monkeypatch.setitem(__import__("sys").modules, "actors.providers.openai.sdk", None)
    monkeypatch.delattr("actors.providers.openai.sdk")
    with pytest.raises(MissingExtraError, match=r"pip install 'livekitex-agent\[openai\]'"):
        CHAT.at(server)


def _nothing() -> Any:
    from protocols import ChatOptions
    from support.openai_loopback import CONTEXT

    return CONTEXT, (), ChatOptions()
