"""The node's circuit breakers as one call uses them: asked before a service, told of how it went."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from protocols import Fault, Message, Permit, ProviderError, ReportOutcome, RequestPermit

PERMIT_S: Final = 0.1
"""How long the breakers may take to answer; then the service is asked all the same."""

Ask = Callable[[RequestPermit, Callable[[Message | None], None]], None]
"""Asks the breakers. The function given to it is called once, from any thread, with their answer or with None."""


class CircuitOpenError(ProviderError):
    """A service that has failed too often of late, in whichever call, is not asked."""

    def __init__(self, service: str, retry_after_ms: int) -> None:
        super().__init__(
            f"{service} fails in the calls of this node: it is asked again in {retry_after_ms / 1000:.1f} s",
            retryable=True,
            retry_after_s=retry_after_ms / 1000,
        )


class CircuitBreakers:
    """Asks with ``ask`` and tells with ``tell``, which is called on the event loop."""

    def __init__(self, ask: Ask, tell: Callable[[ReportOutcome], None]) -> None:
        self._ask = ask
        self._tell = tell

    @asynccontextmanager
    async def through(self, service: str) -> AsyncIterator[None]:
        """Around a request to ``service``, on the event loop: whatever leaves the block is its outcome.

        Raises:
            CircuitOpenError: it is not to be asked now; the block is not entered.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Message | None] = loop.create_future()

        def answered(message: Message | None) -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_settle, answer, message)

        self._ask(RequestPermit(service=service), answered)
        permit = await answer
        if isinstance(permit, Permit) and not permit.allowed:
            raise CircuitOpenError(service, permit.retry_after_ms)
        ok: bool | None = None
        try:
            yield
            ok = True
        except Exception as failure:
            ok = not is_outage(failure)
            raise
        finally:
            self._tell(ReportOutcome(service=service, ok=ok))


def is_outage(failure: Exception) -> bool:
    """Whether ``failure`` says that a service is not well. Others say something of the request, which any service may refuse."""
    match failure:
        case ProviderError(retryable=retryable, fault=fault):
            return bool(retryable) and fault in (Fault.PROVIDER, Fault.NETWORK)
        case OSError(filename=None):  # time limits and connections; one of a file has its name
            return True
        case _:
            return False


def _settle(answer: "asyncio.Future[Message | None]", message: Message | None) -> None:
    if not answer.done():
        answer.set_result(message)
