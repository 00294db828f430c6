"""One service over the official SDK: its connections, and requests in which every wait has an end.

The SDK does keys, requests, and errors before an answer; it retries nothing, since who asks decides on that. What it would make of an
answer's body is left out: its events cost twenty times what it takes to read them, and it takes a page of HTML for an answer without
events.

Connections are kept, on the event loop that first asks. Whoever leaves a request before its end closes its connection, which is how the
service learns of it.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from actors.providers.openai.event_stream import EventStream, ServerEvent
from actors.providers.openai.failures import said_of, status_failure, told_failure
from actors.providers.openai.settings import Settings
from protocols import Clock, Fault, MissingExtraError, ProviderError, SystemClock

if TYPE_CHECKING:
    from actors.providers.openai.sdk import AsyncOpenAI, Opening, Response

DRAIN_S: Final = 0.1
"""For the end of a body whose last event was read, so that its connection can be used again."""
CLOSE_S: Final = 1.0
"""For a connection to be closed."""
MAX_ANSWER_BYTES: Final = 32 << 20
"""Of one answer; with more it has failed."""
SHOWN_BYTES: Final = 4 << 10
"""Of the beginning of what is no answer, so that it can be told."""
RESOURCES: Final = ("chat", "responses", "audio")
"""What of the SDK is asked."""
DONE: Final = "[DONE]"


def load_sdk() -> Any:  # noqa: ANN401 - a module
    """The module `actors.providers.openai.sdk`, which takes about a second to import.

    Raises:
        MissingExtraError: the SDK is not installed.
    """
    try:
        from actors.providers.openai import sdk
    except ImportError as failure:
        raise MissingExtraError("openai", "the provider openai") from failure
    module: ModuleType = sdk
    return module


def preload_openai() -> None:
    """Load the SDK and what the providers ask of it, in a process that will then only fork: no thread is begun.

    Blocks for one to two seconds. A child shares the 40 MB that it takes, and needs no time for it.

    Raises:
        MissingExtraError: the SDK is not installed; nothing is lost but the speed of the first request.
    """
    sdk = load_sdk()
    for resource in RESOURCES:
        sdk.prewarm(resource)


class Service:
    """The service of ``settings``; used on one event loop, until it is closed. ``resource`` is what of the SDK is asked (``chat``).

    To make the first in a process blocks for about a second: what the first request needs is loaded, which else would hold the event loop.

    Raises:
        MissingExtraError: the SDK is not installed.
    """

    def __init__(self, settings: Settings, resource: str, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self._sdk = load_sdk()
        self._sdk.prewarm(resource)
        self._client: AsyncOpenAI | None = None

    @asynccontextmanager
    async def ask(self, send: Callable[["AsyncOpenAI"], "Opening"]) -> AsyncGenerator["Answer", None]:
        """The answer to what ``send`` asks with the SDK (by ``with_streaming_response``), open until the context is left.

        Raises:
            ProviderError: there is none, or it is an error.
        """
        started_s = asyncio.get_running_loop().time()
        opening = send(self._connected())
        try:
            async with asyncio.timeout_at(started_s + min(self.settings.silence_s, self.settings.total_s)):
                response = await opening.__aenter__()
        except Exception as failure:
            raise self.failure_of(failure, "does not answer") from failure
        try:
            yield Answer(self, response, until_s=started_s + self.settings.total_s)
        finally:
            await self._closed(opening.__aexit__(None, None, None))

    async def aclose(self) -> None:
        """Close all connections, also of requests that go on. The next request makes new ones, on the event loop that it is on."""
        client, self._client = self._client, None
        if client is not None:
            await self._closed(client.close())

    def failure_of(self, failure: Exception, what: str) -> Exception:
        """``failure`` as the contract tells it; what is no failure of a network or service is left as it is."""
        label, secret = self.settings.label, self.settings.api_key
        if isinstance(failure, self._sdk.APIStatusError):
            headers: Mapping[str, str] = failure.response.headers
            return status_failure(label, failure.status_code, headers, failure.body, wall_s=self._clock.wall(), secret=secret)
        if isinstance(failure, TimeoutError | self._sdk.APITimeoutError):
            return ProviderError(f"{label}: it {what} in time", retryable=True, fault=Fault.NETWORK)
        if isinstance(failure, self._sdk.APIConnectionError):
            cause = failure.__cause__ or failure
            return ProviderError(f"{label}: no connection: {_named(cause)}", retryable=True, fault=Fault.NETWORK)
        if isinstance(failure, self._sdk.NETWORK_ERRORS):
            return ProviderError(f"{label}: the connection was lost: {_named(failure)}", retryable=True, fault=Fault.NETWORK)
        return failure

    def _connected(self) -> "AsyncOpenAI":
        client: AsyncOpenAI = self._client or self._sdk.make_client(self.settings)
        self._client = client
        return client

    async def _closed(self, closing: Any) -> None:  # noqa: ANN401 - what the SDK gives to await
        with suppress(TimeoutError, *self._sdk.NETWORK_ERRORS):
            async with asyncio.timeout(CLOSE_S):
                await closing


class Answer:
    """An answer whose body is still to be read, until ``until_s`` of the event loop's clock at the latest."""

    def __init__(self, service: Service, response: "Response", *, until_s: float) -> None:
        self._service = service
        self._label = service.settings.label
        self._response = response
        self._end_s = until_s
        self._silence_s = service.settings.silence_s
        self._next_s = 0.0
        self._on_time()
        self.ended = False
        """Whether the service has said that its events are over (``[DONE]``)."""

    @property
    def content_type(self) -> str:
        """What the body is, without parameters and in small letters; empty if it is not told."""
        return str(self._response.headers.get("content-type", "")).partition(";")[0].strip().lower()

    def hurry(self, silence_s: float) -> None:
        """What matters has come: wait at most so long for each piece from now on."""
        self._silence_s = silence_s
        self._on_time()

    async def body(self) -> bytes:
        """All of the body.

        Raises:
            ProviderError: it is larger than `MAX_ANSWER_BYTES`, takes too long, or is cut.
        """
        return b"".join([piece async for piece in self.pieces()])

    async def json(self) -> Any:  # noqa: ANN401 - what it is, is the reader's to say
        """The body as JSON; raises as `body`, and where it is none or tells an error."""
        text = (await self.body()).decode("utf-8", "replace")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as failure:
            raise (self._no_json(text) if self.content_type == "application/json" else self.refused(text)) from failure
        return self._checked(value)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes, each piece within the limit of silence; raises as `body`."""
        async with aclosing(self._read()) as pieces:
            async for piece in pieces:
                yield piece
                self._on_time()

    async def values(self) -> AsyncGenerator[Any, None]:
        """The JSON of each event, or of a body that is one value. What does not bring the answer on (comments) ends no silence.

        Raises:
            ProviderError: nothing for too long, an event that is no JSON or tells an error, a body that has none, or a cut.
        """
        if self.content_type == "application/json":
            yield await self.json()
            return
        stream, beginning, heard = EventStream(), b"", False
        async with aclosing(self._read()) as pieces:
            async for piece in pieces:
                beginning += piece[: SHOWN_BYTES - len(beginning)]
                for event in self._events(lambda: stream.feed(piece)):  # noqa: B023 - called at once
                    heard = True
                    yield self._value(event)
                    self._on_time()
                if self.ended:
                    await self._drain(pieces)
                    return
        for event in self._events(stream.finish):
            heard = True
            yield self._value(event)
        if not heard and not self.ended:
            raise self.refused(beginning.decode("utf-8", "replace"))

    def refused(self, text: str) -> ProviderError:
        """The error that a body is which is no answer."""
        kind = self.content_type or "no type of content"
        words = f"{self._label}: it answers with {kind}, which is no answer: {said_of(text)}: does base_url lead to the API?"
        return ProviderError(words, retryable=False, fault=Fault.CONFIGURATION)

    def _events(self, read: Callable[[], list[ServerEvent]]) -> list[ServerEvent]:
        """The events up to the one that says that they are over."""
        try:
            events = read()
        except ValueError as failure:
            raise ProviderError(f"{self._label}: it sends {failure}", retryable=False) from failure
        for at, event in enumerate(events):
            if event.data.startswith(DONE):
                self.ended = True
                return events[:at]
        return events

    def _value(self, event: ServerEvent) -> Any:  # noqa: ANN401 - JSON
        try:
            value = json.loads(event.data)
        except (ValueError, RecursionError) as failure:
            raise self._no_json(event.data) from failure
        return self._checked(value)

    def _no_json(self, text: str) -> ProviderError:
        return ProviderError(f"{self._label}: its answer is no JSON: {said_of(text)}", retryable=True)

    def _checked(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, Mapping) and value.get("error"):
            raise told_failure(self._label, value, secret=self._service.settings.api_key)
        return value

    async def _drain(self, pieces: AsyncGenerator[bytes, None]) -> None:
        self.hurry(DRAIN_S)
        with suppress(ProviderError):
            async for _ in pieces:
                pass

    async def _read(self) -> AsyncGenerator[bytes, None]:
        size = 0
        pieces = aiter(self._response.iter_bytes())
        try:
            while True:
                try:
                    async with asyncio.timeout_at(min(self._next_s, self._end_s)):
                        piece = await anext(pieces, None)
                except Exception as failure:
                    raise self._service.failure_of(failure, "does not go on with its answer") from failure
                if piece is None:
                    return
                size += len(piece)
                if size > MAX_ANSWER_BYTES:
                    raise ProviderError(f"{self._label}: its answer has more than {MAX_ANSWER_BYTES >> 20} MiB", retryable=False)
                yield piece
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    def _on_time(self) -> None:
        """The answer has come on: the silence begins anew."""
        self._next_s = asyncio.get_running_loop().time() + self._silence_s


def _named(failure: BaseException) -> str:
    words = " ".join(str(failure).split())
    return f"{type(failure).__name__}: {words[:200]}" if words else type(failure).__name__
