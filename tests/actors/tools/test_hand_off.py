"""What a tool may return to hand the call on, and what it may not."""

import asyncio
from typing import Any

import pytest

from actors.tools import RunContext, function_tool
from protocols import InvalidToolError


class Specialist:
    """As an agent travels."""

    def to_wire(self) -> dict[str, Any]:
        return {"name": "specialist"}


SPECIALIST = Specialist()


def run(result: object) -> tuple[str, object]:
    @function_tool
    def transfer() -> object:
        """Transfer."""
        return result

    context = RunContext(user_data={}, call_id="c")
    return asyncio.run(transfer.invoke("{}", context)), context.next_agent


@pytest.mark.parametrize(
    ("result", "told", "agent"),
    [
        (SPECIALIST, "", SPECIALIST),
        ((SPECIALIST, "transferred"), "transferred", SPECIALIST),
        ((SPECIALIST, {"ticket": 5}), '{"ticket":5}', SPECIALIST),
        (("a", "b"), '["a","b"]', None),
        ("transferred", "transferred", None),
    ],
)
def test_an_agent_is_returned_alone_or_with_a_result(result: object, told: str, agent: object) -> None:
    assert run(result) == (told, agent)


@pytest.mark.parametrize("result", [[SPECIALIST, "in a list"], ("result first", SPECIALIST), (SPECIALIST, "a", "b"), Specialist])
def test_anywhere_else_it_is_no_json(result: object) -> None:
    with pytest.raises(InvalidToolError, match="transfer returned"):
        run(result)


def test_a_tool_may_say_so_instead() -> None:
    context = RunContext(user_data={}, call_id="c")
    context.hand_off(SPECIALIST)
    assert context.next_agent is SPECIALIST
    with pytest.raises(InvalidToolError, match=r"hand_off\('billing'\): give an Agent"):
        context.hand_off("billing")  # type: ignore[arg-type]
