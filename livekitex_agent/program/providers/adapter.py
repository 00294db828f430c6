"""What the adapters of all kinds of providers have in common: the object, its loop, its family, and the way there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

import structlog

from livekitex_agent.program.crossing import post_to, run_on, stream_on
from livekitex_agent.program.providers.failures import provider_error
from livekitex_agent.program.providers.family import Family
from livekitex_agent.types import APIConnectOptions

__all__ = ["Adapter", "HttpSessions"]

CLOSE_S: Final = 5.0
"""For what is closed; then it is left."""

_T = TypeVar("_T")


class HttpSessions(Protocol):
    """Whose ``http_session()`` a provider's code gets."""

    def enter(self, family: Family) -> None:
        """On the program loop: let this context have the session of ``family``, unless it has one."""
        ...


class Adapter:
    """``provider``, an object of ``family``, whose code runs on ``loop`` alone and is asked again as ``options`` say.

    The base of the contracts' adapters.
    """

    def __init__(
        self,
        provider: Any,  # noqa: ANN401 - of either family
        family: Family,
        loop: asyncio.AbstractEventLoop,
        sessions: HttpSessions,
        options: APIConnectOptions,
    ) -> None:
        self.provider: Final = provider
        self._family = family
        self._loop = loop
        self._sessions = sessions
        self._connect_options = family.connect_options(options)
        self._prewarmed = self._closed = False

    @property
    def label(self) -> str:
        """The provider's vendor and model where it says them, else the name of its class."""
        vendor, model = getattr(self.provider, "provider", "unknown"), getattr(self.provider, "model", "unknown")
        if "unknown" in (vendor, model) or not (isinstance(vendor, str) and isinstance(model, str)):
            return f"{type(self.provider).__module__}.{type(self.provider).__qualname__}"
        return f"{vendor}/{model}"

    def prewarm(self) -> None:
        """Have it open a connection, in the background; a failure is told by the first request."""
        if not self._prewarmed and hasattr(self.provider, "prewarm"):
            self._prewarmed = True
            self._post(self._prewarm)

    async def aclose(self) -> None:
        """Close it, within 5 s."""
        if self._closed or not hasattr(self.provider, "aclose"):
            return
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._run(self.provider.aclose)

    def _prewarm(self) -> None:
        try:
            self.provider.prewarm()
        except Exception:  # noqa: BLE001 - the seam to a provider: the first request tells it
            structlog.get_logger("livekitex.provider").info("could not be prewarmed", provider=self.label, exc_info=True)

    def _post(self, callback: Callable[[], object]) -> None:
        """Have ``callback`` called on the loop, in order."""

        def entered() -> None:
            self._sessions.enter(self._family)
            callback()

        post_to(self._loop, entered)

    async def _run(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """What ``work`` comes to on the loop.

        Raises:
            ProviderError: it failed.
        """

        async def entered() -> _T:
            self._sessions.enter(self._family)
            return await work()

        try:
            return await run_on(self._loop, entered)
        except Exception as failure:
            raise provider_error(self.label, failure) from failure

    async def _iterate(self, make: Callable[[], AsyncIterator[_T]]) -> AsyncIterator[_T]:
        """What the iterator of ``make`` tells on the loop.

        Raises:
            ProviderError: it failed.
        """

        def entered() -> AsyncIterator[_T]:
            self._sessions.enter(self._family)
            return make()

        values = stream_on(self._loop, entered)
        try:
            async for value in values:
                yield value
        except Exception as failure:
            raise provider_error(self.label, failure) from failure
        finally:
            await values.aclose()
