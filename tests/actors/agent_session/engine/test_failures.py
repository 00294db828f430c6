"""What went wrong in a provider, in words, and whether and when to try again."""

from typing import Any

import pytest

from actors.agent_session.engine.circuit_breakers import CircuitOpenError, is_outage
from actors.agent_session.engine.failures import UncaughtError, failure_of, retry_after_of
from protocols import Fault, ProviderError


@pytest.mark.parametrize(
    ("asked", "waits"),
    [(None, 0.0), (0, 0.0), (1.5, 1.5), (2, 2.0), (-1, 0.0), (float("nan"), 0.0), (float("inf"), 0.0), ("2", 0.0), (True, 1.0)],
)
def test_what_a_provider_asks_for_is_waited_and_nonsense_is_nothing(asked: Any, waits: float) -> None:
    failure = ProviderError("busy", retryable=True, retry_after_s=asked)
    assert retry_after_of(failure) == waits


@pytest.mark.parametrize(
    ("failure", "helps"),
    [
        (ProviderError("busy", retryable=True), True),
        (ProviderError("no", retryable=False), False),
        (TimeoutError(), True),
        (ConnectionResetError("gone"), True),
        (KeyError("x"), True),
        (UncaughtError("SystemExit: 1"), True),
        (CircuitOpenError("llm", 2_500), True),
    ],
)
def test_only_a_provider_itself_can_say_that_no_retry_helps(failure: Exception, helps: bool) -> None:
    assert failure_of(failure)[1] is helps


def test_a_lost_connection_is_told_by_its_kind() -> None:
    assert failure_of(ConnectionResetError("gone"))[0] == "ConnectionResetError: gone"
    assert retry_after_of(CircuitOpenError("llm", 2_500)) == 2.5


@pytest.mark.parametrize(
    ("fault", "retryable", "outage"),
    [
        (Fault.PROVIDER, True, True),
        (Fault.NETWORK, True, True),
        (Fault.PROVIDER, False, False),
        (Fault.CALLER, True, False),
        (Fault.CONFIGURATION, True, False),
        ("network", True, True),
    ],
)
def test_only_what_the_service_is_to_blame_for_counts_against_it(fault: Any, retryable: bool, outage: bool) -> None:
    assert is_outage(ProviderError("x", retryable=retryable, fault=fault)) is outage
