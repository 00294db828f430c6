"""Any table of states: what it lists happens, all else is refused, and its picture shows each move."""

from enum import StrEnum

import pytest

from protocols import IllegalTransitionError, StateTable


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    WALLED_UP = "walled up"


class Deed(StrEnum):
    PUSH = "push"
    WALL_UP = "wall up"


DOORS = StateTable(
    "door",
    Door.OPEN,
    {
        Door.OPEN: {Deed.PUSH: Door.SHUT},
        Door.SHUT: {Deed.PUSH: Door.OPEN, Deed.WALL_UP: Door.WALLED_UP},
        Door.WALLED_UP: {},
    },
)


def test_what_is_listed_happens() -> None:
    assert DOORS.step(Door.SHUT, Deed.WALL_UP) is Door.WALLED_UP


@pytest.mark.parametrize(
    ("state", "legal"), [(Door.OPEN, r"door: wall up is illegal in the state open \(legal: push\)"), (Door.WALLED_UP, r"\(legal: none\)")]
)
def test_what_is_not_listed_is_refused_with_what_is(state: Door, legal: str) -> None:
    with pytest.raises(IllegalTransitionError, match=legal):
        DOORS.step(state, Deed.WALL_UP)


def test_a_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        DOORS.moves[Door.OPEN][Deed.WALL_UP] = Door.WALLED_UP  # type: ignore[index]


def test_the_diagram_has_a_line_for_each_move() -> None:
    assert DOORS.diagram() == (
        "stateDiagram-v2\n    [*] --> open\n    open --> shut: push\n    shut --> open: push\n    shut --> walled up: wall up\n"
    )
