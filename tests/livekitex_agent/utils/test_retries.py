"""Asking a service again: how often, after which failures, and what is told of each."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent import APIConnectionError, APIError, APIStatusError
from livekitex_agent.types import APIConnectOptions
from livekitex_agent.utils.retries import CLIENT_CLOSED, with_retries
from support import virtual_time

LOST = APIConnectionError("lost")
REFUSED = APIError("refused", retryable=False)
BUSY = APIStatusError("busy", status_code=503)
WRONG = APIStatusError("wrong", status_code=400)
CLOSED = APIStatusError("closed", status_code=CLIENT_CLOSED)


def asked(outcomes: Sequence[object], max_retry: int, **how: Callable[[], bool]) -> tuple[Any, list[tuple[Exception, bool]], int]:
    """What comes of attempts that end in ``outcomes``, the failures that were told, and how many attempts were made."""
    told: list[tuple[Exception, bool]] = []
    left = list(outcomes)

    async def attempt() -> object:
        if isinstance(outcome := left.pop(0), Exception):
            raise outcome
        return outcome

    async def main() -> object:
        def failed(failure: Exception, again: bool) -> None:
            told.append((failure, again))

        try:
            return await with_retries(attempt, what="ask", options=APIConnectOptions(max_retry=max_retry), failed=failed, **how)
        except Exception as failure:  # noqa: BLE001 - that is what is looked at
            return failure

    return virtual_time.run(main()), told, len(outcomes) - len(left)


def test_what_works_the_first_time_is_told_to_nobody() -> None:
    assert asked(["words"], 3) == ("words", [], 1)


def test_a_failure_that_a_retry_may_help_is_tried_again() -> None:
    assert asked([LOST, BUSY, "words"], 3) == ("words", [(LOST, True), (BUSY, True)], 3)


@pytest.mark.parametrize("failure", [REFUSED, WRONG, ZeroDivisionError()])
def test_one_that_no_retry_helps_is_raised_as_it_is(failure: Exception) -> None:
    assert asked([LOST, failure, "words"], 3) == (failure, [(LOST, True), (failure, False)], 2)


def test_the_last_of_several_attempts_is_a_lost_connection_that_says_how_many_there_were() -> None:
    outcome, told, made = asked([LOST, LOST, BUSY, "words"], 2)
    assert isinstance(outcome, APIConnectionError)
    assert outcome.message == "failed to ask after 3 attempts"
    assert outcome.__cause__ is BUSY
    assert (told[-1], made) == ((BUSY, False), 3)


def test_without_retries_the_only_attempt_raises_what_it_raised() -> None:
    assert asked([LOST, "words"], 0) == (LOST, [(LOST, False)], 1)


def test_what_may_not_be_tried_again_is_raised_as_it_is() -> None:
    assert asked([LOST, "words"], 3, may_retry=lambda: False) == (LOST, [(LOST, False)], 1)


def test_a_request_that_was_closed_is_no_failure() -> None:
    assert asked([LOST, CLOSED, "words"], 3) == (None, [(LOST, True)], 2)


def test_the_count_begins_anew_after_an_attempt_that_had_worked() -> None:
    worked = iter([False, True, False, False])
    outcome, told, made = asked([LOST, LOST, LOST, LOST], 2, worked=lambda: next(worked))
    assert isinstance(outcome, APIConnectionError)
    assert ([again for _, again in told], made) == ([True, True, True, False], 4)


def test_it_waits_a_moment_before_the_first_retry_and_longer_before_the_others() -> None:
    async def main() -> list[float]:
        times: list[float] = []

        async def attempt() -> None:
            times.append(virtual_time.clock().monotonic())
            raise LOST

        with pytest.raises(APIConnectionError, match="after 4 attempts"):
            await with_retries(attempt, what="ask", options=APIConnectOptions(retry_interval=7), failed=lambda *_: None)
        return times

    assert virtual_time.run(main()) == pytest.approx([0, 0.1, 7.1, 14.1], abs=0.001)


def test_being_cancelled_is_no_failure_and_is_not_tried_again() -> None:
    async def main() -> list[Exception]:
        told: list[Exception] = []
        begun = asyncio.Event()

        async def attempt() -> None:
            begun.set()
            await asyncio.Event().wait()

        asking = asyncio.create_task(
            with_retries(attempt, what="ask", options=APIConnectOptions(), failed=lambda failure, _: told.append(failure))
        )
        await begun.wait()
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        return told

    assert asyncio.run(main()) == []


@given(outcomes=st.lists(st.sampled_from([LOST, BUSY, REFUSED, WRONG, CLOSED, "words"]), max_size=6), max_retry=st.integers(0, 4))
def test_no_more_attempts_are_made_than_may_be_and_none_after_the_end(outcomes: list[Any], max_retry: int) -> None:
    outcomes = [*outcomes, "words"]
    outcome, told, made = asked(outcomes, max_retry)
    ends = next(number for number, each in enumerate(outcomes, start=1) if each not in (LOST, BUSY))
    assert made == min(ends, max_retry + 1)
    assert [failure for failure, _ in told] == [each for each in outcomes[:made] if each not in (CLOSED, "words")]
    assert [again for _, again in told[:-1]] == [True] * len(told[:-1])
    if max_retry and made < ends:
        assert isinstance(outcome, APIConnectionError)
        assert f"after {made} attempts" in outcome.message
    else:
        assert outcome is (None if outcomes[made - 1] is CLOSED else outcomes[made - 1])
