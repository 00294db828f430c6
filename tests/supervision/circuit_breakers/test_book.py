import pytest

from protocols import BreakerState, UsageError
from supervision.circuit_breakers.book import MAX_SERVICE_CHARS, MAX_SERVICES, BreakerBook
from supervision.circuit_breakers.breaker import BreakerSettings, State, Verdict

SETTINGS = BreakerSettings(failure_threshold=1, window_s=10.0)


def test_each_service_has_its_own_breaker() -> None:
    book = BreakerBook(settings=SETTINGS).outcome("stt", "a", 0.0, ok=False)
    book, verdict = book.may_ask("stt", "a", 0.5)
    assert verdict == Verdict(allowed=False, retry_after_s=0.5)
    book, verdict = book.may_ask("llm", "a", 0.5)
    assert verdict == Verdict(allowed=True)
    assert book.states(0.5) == (
        BreakerState(service="llm", state="closed", failures=0),
        BreakerState(service="stt", state="open", failures=1),
    )
    assert book.states(10.5)[1].failures == 0
    assert [book.state(service) for service in ("stt", "llm", "never used")] == [State.OPEN, State.CLOSED, State.CLOSED]


def test_at_the_bound_the_closed_one_least_recently_used_is_forgotten() -> None:
    book = BreakerBook(settings=SETTINGS).outcome("broken", "a", 0.0, ok=False)
    for number in range(MAX_SERVICES - 1):
        book, _ = book.may_ask(f"s{number}", "a", 0.0)
    book, _ = book.may_ask("s0", "a", 0.0)
    book, _ = book.may_ask("new", "a", 0.0)
    assert len(book.breakers) == MAX_SERVICES
    assert {"broken", "s0", "new"} <= set(book.breakers)
    assert "s1" not in book.breakers


def test_when_none_is_closed_a_new_service_is_let_through_without_one() -> None:
    book = BreakerBook(settings=SETTINGS)
    for number in range(MAX_SERVICES):
        book = book.outcome(f"s{number}", "a", 0.0, ok=False)
    assert all(breaker.state is State.OPEN for breaker in book.breakers.values())
    assert book.may_ask("new", "a", 0.0) == (book, Verdict(allowed=True))
    assert book.outcome("new", "a", 0.0, ok=False) == book


@pytest.mark.parametrize("service", ["", "s" * (MAX_SERVICE_CHARS + 1)])
def test_a_service_needs_a_name(service: str) -> None:
    with pytest.raises(UsageError, match="name"):
        BreakerBook().may_ask(service, "a", 0.0)
    with pytest.raises(UsageError, match="name"):
        BreakerBook().outcome(service, "a", 0.0, ok=True)
