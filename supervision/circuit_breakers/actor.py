"""The CircuitBreakerRegistry actor: it keeps the book. A new incarnation begins with every breaker closed."""

import logging
from collections.abc import Mapping
from math import ceil
from typing import Any

from protocols import (
    Breakers,
    ErrorReply,
    Figures,
    GetBreakers,
    GetFigures,
    Message,
    Permit,
    ReportOutcome,
    RequestPermit,
    UsageError,
)
from supervision.actor import Actor
from supervision.circuit_breakers.book import BreakerBook
from supervision.circuit_breakers.breaker import BreakerSettings, State

log = logging.getLogger("livekitex.circuit_breakers")


class CircuitBreakerRegistry(Actor):
    """One breaker per outside service, shared by all calls of the node.

    Arguments are the fields of `BreakerSettings`. A session that gets no answer asks its service all the same: breakers save time and
    money, they are no gate.
    """

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Begin with all breakers closed.

        Raises:
            ConfigurationError: unknown or impossible settings.
        """
        self._book = BreakerBook(settings=BreakerSettings.from_args(args))

    def on_message(self, message: Message) -> None:
        """Serve the breakers' messages; others are dropped."""
        now = self.context.clock.monotonic()
        match message:
            case RequestPermit(service=service):
                self._permit(service, now)
            case ReportOutcome(service=service, ok=ok):
                self._outcome(service, now, ok=ok)
            case GetBreakers():
                self.context.reply(Breakers(breakers=self._book.states(now)))
            case GetFigures():
                states = [breaker.state for breaker in self._book.states(now)]
                self.context.reply(Figures(role="circuit_breakers", figures={str(state): states.count(str(state)) for state in State}))
            case _:
                super().on_message(message)

    def _permit(self, service: str, now: float) -> None:
        try:
            self._book, verdict = self._book.may_ask(service, self._caller(), now)
        except UsageError as failure:
            self.context.reply(ErrorReply.of(failure))
            return
        retry_after_ms = ceil(verdict.retry_after_s * 1000)
        self.context.reply(Permit(service=service, allowed=verdict.allowed, retry_after_ms=retry_after_ms))

    def _outcome(self, service: str, now: float, *, ok: bool | None) -> None:
        try:
            book = self._book.outcome(service, self._caller(), now, ok=ok)
        except UsageError:  # an outcome has no answer, and who asked `RequestPermit` was told already
            return
        before, after = self._book.state(service), book.state(service)
        self._book = book
        if after is not before:
            log.log(logging.WARNING if after is State.OPEN else logging.INFO, "circuit breaker is %s", after, extra={"service": service})

    def _caller(self) -> str:
        sender = self.context.sender
        return sender.uid if sender else ""
