import pytest

from protocols import (
    Breakers,
    BreakerState,
    ConfigurationError,
    ErrorReply,
    Figures,
    GetBreakers,
    GetFigures,
    GetSession,
    Permit,
    ReportOutcome,
    RequestPermit,
)
from supervision.circuit_breakers.actor import CircuitBreakerRegistry
from support.fake_context import FakeContext, ref


def started(**settings: object) -> tuple[FakeContext, CircuitBreakerRegistry]:
    context = FakeContext()
    actor = CircuitBreakerRegistry(context)
    actor.on_start(settings)
    return context, actor


def test_a_service_that_fails_is_refused_until_a_probe_succeeds() -> None:
    context, actor = started(failure_threshold=2)
    assert context.deliver(actor, RequestPermit(service="llm")) == [Permit(service="llm", allowed=True)]
    for _ in range(2):
        assert context.deliver(actor, ReportOutcome(service="llm", ok=False)) == []
    context.advance(0.25)
    assert context.deliver(actor, RequestPermit(service="llm")) == [Permit(service="llm", allowed=False, retry_after_ms=750)]
    context.advance(0.75)
    assert context.deliver(actor, RequestPermit(service="llm"), ref("prober")) == [Permit(service="llm", allowed=True)]
    assert context.deliver(actor, GetFigures()) == [Figures(role="circuit_breakers", figures={"closed": 0, "open": 0, "half_open": 1})]
    context.deliver(actor, ReportOutcome(service="llm", ok=True), ref("prober"))
    assert context.deliver(actor, GetBreakers()) == [Breakers(breakers=(BreakerState(service="llm", state="closed", failures=0),))]


def test_nameless_services_are_refused_and_it_lives_on() -> None:
    context, actor = started()
    [reply] = context.deliver(actor, RequestPermit(service=""))
    assert isinstance(reply, ErrorReply)
    assert (reply.error, reply.retryable) == ("UsageError", False)
    assert context.deliver(actor, ReportOutcome(service="", ok=True)) == []
    assert context.deliver(actor, GetSession()) == []
    assert context.deliver(actor, GetBreakers()) == [Breakers(breakers=())]


def test_a_caller_without_an_address_counts_too() -> None:
    context, actor = started(failure_threshold=1)
    actor.on_message(ReportOutcome(service="llm", ok=False))
    assert context.deliver(actor, GetBreakers()) == [Breakers(breakers=(BreakerState(service="llm", state="open", failures=1),))]


def test_wrong_settings_fail_the_start() -> None:
    with pytest.raises(ConfigurationError, match="failure_threshold"):
        started(failure_threshold=0)
