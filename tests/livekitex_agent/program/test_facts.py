"""Facts: what is asked to be kept is known as soon as the journal has it, whoever waits for that; what is refused changes nothing."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent.program.facts import Facts
from protocols import CapacityError, ErrorReply

pytestmark = pytest.mark.asyncio


class Call:
    """Keeps what is asked of it, and answers when it is told to."""

    def __init__(self) -> None:
        self.memory = SimpleNamespace(facts={"old": "1"})
        self.asked: list[tuple[Any, Callable[[Any], None]]] = []

    def ask(self, make: Callable[[int], Any], answered: Callable[[Any], None]) -> None:
        self.asked.append((make(len(self.asked) + 1), answered))


class Loop:
    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        function(*arguments)


def facts_of(call: Call) -> Facts:
    return Facts(call, Loop())  # type: ignore[arg-type] # all that they use


async def test_it_is_known_once_it_is_in_the_journal_and_may_be_forgotten() -> None:
    call = Call()
    facts = facts_of(call)
    for value in ("2", None, None):
        putting = asyncio.create_task(facts.put("old", value))
        await asyncio.sleep(0)
        assert not putting.done()
        told, answered = call.asked[-1]
        assert (told.key, told.value) == ("old", value)
        answered(None)
        await putting
        assert facts.get("old") == value
    assert call.memory.facts == {"old": "1"}


async def test_whoever_is_cancelled_while_it_is_written_leaves_it_known() -> None:
    call = Call()
    facts = facts_of(call)
    putting = asyncio.create_task(facts.put("new", "1"))
    await asyncio.sleep(0)
    putting.cancel()
    await asyncio.wait([putting])
    assert facts.get("new") is None
    call.asked[0][1](None)
    assert facts.get("new") == "1"


async def test_what_is_refused_changes_nothing() -> None:
    call = Call()
    facts = facts_of(call)
    putting = asyncio.create_task(facts.put("old", "2"))
    await asyncio.sleep(0)
    call.asked[0][1](ErrorReply.of(CapacityError("full")))
    with pytest.raises(CapacityError):
        await putting
    assert facts.get("old") == "1"
