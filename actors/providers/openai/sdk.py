"""The official SDK and its HTTP client, as a `Service` uses them. To import this module takes about a second: do it where it is used."""

import importlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Final

import httpx2
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, AsyncAPIResponse, AsyncOpenAI

from actors.providers.openai.settings import Settings

__all__ = ["NETWORK_ERRORS", "APIConnectionError", "APIError", "APIStatusError", "APITimeoutError", "AsyncOpenAI", "Opening", "Response"]
__all__ += ["make_client", "prewarm", "tls"]

CONNECT_S: Final = 5.0
"""For a connection."""
KEEPALIVE_S: Final = 120.0
"""How long a connection without a request is kept: longer than a caller speaks."""
MAX_ERROR_BYTES: Final = 64 << 10
"""Of the body of an answer that is an error; the rest is not read."""

NETWORK_ERRORS: Final[tuple[type[Exception], ...]] = (httpx2.HTTPError, httpx2.StreamError, OSError)
"""What is raised where a connection or what comes over it is broken, beside the SDK's own."""

Response = AsyncAPIResponse[Any]
Opening = AbstractAsyncContextManager[Response]


def make_client(settings: Settings) -> AsyncOpenAI:
    """A client of the service, without connections so far; it retries nothing and follows no redirection."""
    timeout = httpx2.Timeout(settings.silence_s, connect=min(CONNECT_S, settings.silence_s))
    http = httpx2.AsyncClient(
        verify=tls(),
        timeout=timeout,
        limits=httpx2.Limits(keepalive_expiry=KEEPALIVE_S),
        follow_redirects=False,  # a POST that is sent on becomes a GET, or goes where nobody meant it to
        trust_env=not settings.local,  # a proxy does not lead to this machine
        event_hooks={"response": [_bound_error]},
    )
    return AsyncOpenAI(
        api_key=settings.api_key,
        base_url=settings.base_url,
        timeout=timeout,
        max_retries=0,
        default_headers=settings.headers,
        default_query=settings.query,
        http_client=http,
    )


def prewarm(resource: str) -> None:
    """Load the certificates and the SDK's ``resource``, which it imports when it is first used."""
    tls()
    importlib.import_module(f"openai.resources.{resource}")


@cache
def tls() -> ssl.SSLContext:
    """The machine's certificates, which take 30 to 100 ms to load; who forks hands them on."""
    return httpx2.create_ssl_context()


async def _bound_error(response: httpx2.Response) -> None:
    """The SDK reads all of the body of an error, which a broken service never ends."""
    if response.status_code >= httpx2.codes.MULTIPLE_CHOICES and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    """The first `MAX_ERROR_BYTES` of ``stream``."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_ERROR_BYTES
        pieces = aiter(self._stream)
        try:
            async for piece in pieces:
                yield piece[:left]
                left -= len(piece)
                if left <= 0:
                    return
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    async def aclose(self) -> None:
        await self._stream.aclose()
