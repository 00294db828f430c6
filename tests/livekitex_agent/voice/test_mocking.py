"""Which functions stand in for an agent's tools, and what they are given."""

from typing import Any

import pytest

from livekitex_agent.voice.mocking import call_mock, hold_mocks, mock_tools, mocks_of


class Waiter:
    """An agent."""


class Cashier:
    """Another."""


class Session:
    """A session."""


def one() -> int:
    return 1


def two() -> int:
    return 2


def held(agent: type[Any], session: object) -> Any:
    """What holds in ``session`` from here on."""
    hold_mocks(session)
    return mocks_of(agent, session)


def test_mocks_hold_for_their_class_within_the_block() -> None:
    session = Session()
    with mock_tools(Waiter, {"order": one, "pay": one}):
        assert held(Waiter, session) == {"order": one, "pay": one}
        assert not held(Cashier, session)
        with mock_tools(Waiter, {"order": two}), mock_tools(Cashier, {"pay": two}):
            assert held(Waiter, session) == {"order": two}
            assert held(Cashier, session) == {"pay": two}
        assert mocks_of(Waiter, session) == {"order": two}, "until it is asked again"
        assert held(Waiter, session) == {"order": one, "pay": one}
    assert not held(Waiter, session)


def test_mocks_of_a_session_hold_in_it_and_behind_those_of_a_block() -> None:
    session, other = Session(), Session()
    mock_tools(Waiter, {"order": one, "pay": one}, session=session)
    assert held(Waiter, session) == {"order": one, "pay": one}
    assert not held(Waiter, other)
    with mock_tools(Waiter, {"order": two}):
        assert held(Waiter, session) == {"order": two, "pay": one}
    mock_tools(Waiter, {}, session=session)
    assert not held(Waiter, session)


async def _later(count: int) -> int:
    return count


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("mock", "result"),
    [
        (lambda: "none", "none"),
        (lambda count: count, 2),
        (lambda count, more="default": (count, more), (2, "default")),
        (lambda **given: sorted(given), ["count", "product"]),
        (lambda first: first, "pizza"),
        (lambda first, second, /: (first, second), ("pizza", 2)),
        (lambda *_: "any", "any"),
        (_later, 2),
    ],
)
async def test_a_mock_is_given_what_it_wants(mock: Any, result: Any) -> None:
    assert await call_mock(mock, {"product": "pizza", "count": 2}) == result


@pytest.mark.asyncio
@pytest.mark.parametrize("mock", [ValueError("no"), ValueError, lambda: ValueError("no")])
async def test_an_exception_is_raised(mock: Any) -> None:
    with pytest.raises(ValueError, match=r"^(no)?$"):
        await call_mock(mock, {"product": "pizza"})
