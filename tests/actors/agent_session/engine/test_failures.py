"""What went wrong in a provider, in words, and whether and when to try again."""

from typing import Any

import pytest

from actors.agent_session.engine.circuit_breakers import CircuitOpenError, is_outage
from actors.agent_session.engine.failures import MAX_RETRY_AFTER_S, delay_before_retry, failure_of, retry_after_of
from protocols import Fault, ProviderError


@pytest.mark.parametrize(
    ("asked", "waits"),
    [(None, 0.0), (0, 0.0), (1.5, 1.5), (2, 2.0), (-1, 0.0), (float("nan"), 0.0), (float("inf"), 0.0), ("2", 0.0), (True, 1.0)],
)
def test_what_a_provider_asks_for_is_waited_and_nonsense_is_nothing(asked: Any, waits: float) -> None:
    failure = ProviderError("busy", retryable=True, retry_after_s=asked)
    assert retry_after_of(failure) == waits
    assert delay_before_retry(failure) == waits


@pytest.mark.parametrize(
    ("failure", "delay_s"),
    [
        (ProviderError("busy", retryable=True, retry_after_s=MAX_RETRY_AFTER_S), MAX_RETRY_AFTER_S),
        (ProviderError("busy", retryable=True, retry_after_s=MAX_RETRY_AFTER_S + 0.1), None),
        (ProviderError("no", retryable=False, retry_after_s=1.0), None),
        (TimeoutError(), 0.0),
        (ConnectionResetError("gone"), 0.0),
        (BrokenPipeError(), 0.0),
        (FileNotFoundError("model.onnx"), None),
        (KeyError("x"), None),
        (CircuitOpenError("llm", 2_500), 2.5),
        (CircuitOpenError("llm", 30_000), None),
    ],
)
def test_a_retry_comes_when_it_may_help_and_not_later_than_a_caller_waits(failure: Exception, delay_s: float | None) -> None:
    assert delay_before_retry(failure) == delay_s


def test_a_lost_connection_is_told_by_its_kind_and_tried_again() -> None:
    assert failure_of(ConnectionResetError("gone")) == ("ConnectionResetError: gone", True)
    assert failure_of(ValueError("odd")) == ("ValueError: odd", False)


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
