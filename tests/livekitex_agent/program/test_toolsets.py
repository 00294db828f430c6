"""Toolsets are set up before their tools are offered, and closed after, each once."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.llm import Toolset, function_tool
from livekitex_agent.program.guarded import TIMEOUT_S
from livekitex_agent.program.toolsets import OpenToolsets
from support import virtual_time
from support.virtual_time import passes

DONE: list[str] = []


class Kit(Toolset):
    """Notes what becomes of it; ``setup_s`` is how long its setup takes."""

    def __init__(self, name: str, setup_s: float = 0, failing: BaseException | None = None) -> None:
        super().__init__(id=name)
        self._setup_s = setup_s
        self._failing = failing

    async def setup(self) -> "Kit":
        """Take time, or fail."""
        if self._setup_s:
            await passes(self._setup_s)
        if self._failing is not None:
            raise self._failing
        DONE.append(f"{self.id} set up")
        return self

    async def aclose(self) -> None:
        """End."""
        DONE.append(f"{self.id} closed")
        if self._failing is not None:
            raise self._failing


@function_tool
async def look() -> str:
    """Look."""
    return "a table"


def done(work: Callable[[OpenToolsets], Coroutine[Any, Any, None]]) -> list[str]:
    """What becomes of the toolsets in ``work``."""
    DONE.clear()

    async def main() -> None:
        await work(OpenToolsets())

    virtual_time.run(main())
    return list(DONE)


def test_each_is_set_up_once_and_closed_once() -> None:
    a, b = Kit("a"), Kit("b")

    async def work(opened: OpenToolsets) -> None:
        await opened.open([look, a, b, a])
        await opened.open([b, a])
        await opened.close([a, look, a])
        await opened.close([a])
        await opened.close_all()
        await opened.close_all()

    assert done(work) == ["a set up", "b set up", "a closed", "b closed"]


def test_one_that_both_agents_of_a_hand_off_have_stays_open() -> None:
    a, b = Kit("a"), Kit("b")

    async def work(opened: OpenToolsets) -> None:
        await opened.open([a, b])
        await opened.close([a, b], but=[look, b])

    assert done(work) == ["a set up", "b set up", "a closed"]


def test_one_that_was_closed_is_set_up_again() -> None:
    a = Kit("a")

    async def work(opened: OpenToolsets) -> None:
        for _ in range(2):
            await opened.open([a])
            await opened.close([a])

    assert done(work) == ["a set up", "a closed"] * 2


def test_one_that_was_never_set_up_is_not_closed() -> None:
    async def work(opened: OpenToolsets) -> None:
        await opened.close([Kit("a")])

    assert done(work) == []


def test_all_are_set_up_at_once() -> None:
    async def work(opened: OpenToolsets) -> None:
        await opened.open([Kit("a", 5), Kit("b", 5), Kit("c", 5)])
        assert virtual_time.clock().monotonic() == pytest.approx(5, abs=0.1)

    assert sorted(done(work)) == ["a set up", "b set up", "c set up"]


def test_who_wants_one_that_another_sets_up_waits_until_it_is() -> None:
    slow = Kit("slow", 5)

    async def work(opened: OpenToolsets) -> None:
        first = asyncio.create_task(opened.open([slow]))
        await passes(1)
        await opened.open([slow])
        assert DONE == ["slow set up"]
        await first

    assert done(work) == ["slow set up"]


def test_one_that_is_wanted_no_more_while_it_is_set_up_is_closed_after_that() -> None:
    slow = Kit("slow", 5)

    async def work(opened: OpenToolsets) -> None:
        opening = asyncio.create_task(opened.open([slow]))
        await passes(1)
        await opened.close_all()
        await opening

    assert done(work) == ["slow set up", "slow closed"]


@pytest.mark.parametrize("failing", [ZeroDivisionError(), asyncio.CancelledError()])
def test_one_that_fails_harms_no_other_and_is_closed_like_them(failing: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    async def work(opened: OpenToolsets) -> None:
        await opened.open([Kit("bad", failing=failing), Kit("good")])
        await opened.open([Kit("better")])

    with caplog.at_level(logging.ERROR, "livekitex.program"):
        assert done(work) == ["good set up", "better set up"]
    if isinstance(failing, Exception):
        assert [record.getMessage() for record in caplog.records] == ["error in setup of the toolset bad"]


def test_a_failure_at_the_end_is_told_in_the_log_and_the_others_are_closed(caplog: pytest.LogCaptureFixture) -> None:
    async def work(opened: OpenToolsets) -> None:
        await opened.open([Kit("bad", failing=ZeroDivisionError()), Kit("good")])
        await opened.close_all()

    with caplog.at_level(logging.ERROR, "livekitex.program"):
        assert done(work) == ["good set up", "bad closed", "good closed"]
    assert "error in aclose of the toolset bad" in caplog.text


def test_a_setup_that_does_not_end_is_given_up() -> None:
    async def work(opened: OpenToolsets) -> None:
        await opened.open([Kit("endless", 10 * TIMEOUT_S)])
        assert virtual_time.clock().monotonic() == pytest.approx(TIMEOUT_S, abs=0.1)

    assert done(work) == []


@dataclass
class Alike(Kit):
    """Equal to any other of its size, as users' may be."""

    size: int

    def __post_init__(self) -> None:
        super().__init__(f"alike {id(self)}")


def test_two_that_are_equal_are_two() -> None:
    one, other = Alike(1), Alike(1)

    async def work(opened: OpenToolsets) -> None:
        await opened.open([one, other])
        await opened.close([one], but=[other])

    assert done(work) == [f"{one.id} set up", f"{other.id} set up", f"{one.id} closed"]


@given(steps=st.lists(st.tuples(st.booleans(), st.sets(st.integers(0, 3)), st.sets(st.integers(0, 3))), max_size=8))
def test_whatever_is_opened_and_closed_each_is_set_up_and_closed_in_turn(steps: list[tuple[bool, set[int], set[int]]]) -> None:
    kits = [Kit(str(number)) for number in range(4)]
    expected: set[int] = set()

    async def work(opened: OpenToolsets) -> None:
        for opens, which, kept in steps:
            if opens:
                await opened.open([kits[number] for number in which])
                expected.update(which)
            else:
                await opened.close([kits[number] for number in which], but=[kits[number] for number in kept])
                expected.difference_update(which - kept)

    told = done(work)
    for number, kit in enumerate(kits):
        its = [each.removeprefix(f"{kit.id} ") for each in told if each.startswith(f"{kit.id} ")]
        assert its == ["set up", "closed"] * (len(its) // 2) + ["set up"] * (len(its) % 2)
        assert (len(its) % 2 == 1) is (number in expected)
