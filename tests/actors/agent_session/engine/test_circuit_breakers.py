"""A service that is not well in other calls is not asked, and each request tells how it went."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

import pytest

from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.circuit_breakers import CircuitBreakers, CircuitOpenError, is_outage
from actors.agent_session.engine.failures import failure_of
from protocols import InvalidToolError, Message, Permit, ProviderError, ReportOutcome, RequestPermit

LONG_S = 10.0


class Node:
    """The breakers of a node, which answer what the test says."""

    def __init__(self, answer: Message | None = None) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.outcomes: list[tuple[str, bool | None]] = []
        self.breakers = CircuitBreakers(self._ask, self._tell)
        self.bulkhead = Bulkhead("llm", pytest.fail, breakers=self.breakers, service="llm a:b")

    def _ask(self, wanted: RequestPermit, then: Callable[[Message | None], None]) -> None:
        self.asked.append(wanted.service)
        then(self.answer)

    def _tell(self, outcome: ReportOutcome) -> None:
        self.outcomes.append((outcome.service, outcome.ok))


async def fine() -> str:
    return "fine"


def failing(failure: Exception) -> Callable[[], Coroutine[Any, Any, str]]:
    async def work() -> str:
        raise failure

    return work


@pytest.mark.parametrize("answer", [None, Permit(service="llm a:b", allowed=True)], ids=["no answer", "allowed"])
def test_a_request_goes_through_and_tells_that_it_went_well(answer: Message | None) -> None:
    async def test() -> None:
        node = Node(answer)
        assert await node.bulkhead.call(fine, LONG_S) == "fine"
        assert await node.bulkhead.call(fine, LONG_S, service="tool c:d") == "fine"
        assert node.asked == ["llm a:b", "tool c:d"]
        assert node.outcomes == [("llm a:b", True), ("tool c:d", True)]

    asyncio.run(test())


def test_a_service_whose_breaker_is_open_is_not_asked_and_a_retry_may_help() -> None:
    async def test() -> None:
        node, begun = Node(Permit(service="llm a:b", allowed=False, retry_after_ms=2_340)), []

        async def work() -> None:
            begun.append(1)

        async def numbers() -> Any:
            begun.append(1)
            yield 1

        with pytest.raises(CircuitOpenError) as refused:
            await node.bulkhead.call(work, LONG_S)
        assert failure_of(refused.value) == ("llm a:b fails in the calls of this node: it is asked again in 2.3 s", True)
        with pytest.raises(CircuitOpenError):
            async with aclosing(node.bulkhead.stream(numbers, silence_s=LONG_S, total_s=LONG_S)) as values:
                await anext(values)
        assert (begun, node.outcomes) == ([], [])

    asyncio.run(test())


@pytest.mark.parametrize(
    ("failure", "outage"),
    [
        (TimeoutError(), True),
        (ConnectionResetError(104, "reset by peer"), True),
        (socket.gaierror(-2, "name or service not known"), True),
        (ProviderError("503", retryable=True), True),
        (ProviderError("400: no such model", retryable=False), False),
        (FileNotFoundError(2, "no such file", "/menu.json"), False),
        (InvalidToolError("no such table"), False),
        (ValueError("a defect"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_says_that_the_service_is_not_well_counts_against_it(failure: Exception, outage: bool) -> None:
    async def test() -> None:
        node = Node()
        with pytest.raises(type(failure)):
            await node.bulkhead.call(failing(failure), LONG_S)
        assert node.outcomes == [("llm a:b", not outage)]
        assert is_outage(failure) is outage

    asyncio.run(test())


def test_a_time_limit_of_ours_counts() -> None:
    async def test() -> None:
        node = Node()
        with pytest.raises(TimeoutError):
            await node.bulkhead.call(asyncio.Event().wait, 0.01)
        assert node.outcomes == [("llm a:b", False)]

    asyncio.run(test())


def test_a_stream_tells_at_its_end_and_one_that_nobody_hears_out_says_nothing() -> None:
    async def numbers() -> Any:
        yield 1
        yield 2

    async def test() -> None:
        node = Node()
        async with aclosing(node.bulkhead.stream(numbers, silence_s=LONG_S, total_s=LONG_S)) as values:
            assert [value async for value in values] == [1, 2]
        async with aclosing(node.bulkhead.stream(numbers, silence_s=LONG_S, total_s=LONG_S)) as values:
            assert await anext(values) == 1
        assert node.outcomes == [("llm a:b", True), ("llm a:b", None)]

    asyncio.run(test())


def test_a_request_that_is_cancelled_says_nothing_also_while_it_waits_for_its_permit() -> None:
    async def test() -> None:
        node, begun = Node(), asyncio.Event()

        async def work() -> None:
            begun.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(node.bulkhead.call(work, LONG_S))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert node.outcomes == [("llm a:b", None)]

        answers: asyncio.Queue[Callable[[Message | None], None]] = asyncio.Queue()
        waiting = CircuitBreakers(lambda _wanted, then: answers.put_nowait(then), pytest.fail)
        task = asyncio.create_task(Bulkhead("llm", pytest.fail, breakers=waiting).call(work, LONG_S))
        answer = await answers.get()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        answer(None)  # comes too late for anybody
        await asyncio.sleep(0)

    asyncio.run(test())
