from dataclasses import replace
from typing import get_args

from protocols import SHUTDOWN
from supervision.core import task
from supervision.core.effects import Exit
from supervision.core.task import BootTree, ShutDown, Task


def test_it_waits_for_ends_and_for_a_start() -> None:
    idle = Task(stop=(("a",),), start=("b",), goal=BootTree())
    assert not idle.waits
    assert replace(idle, stopping=frozenset({"u"})).waits
    assert replace(idle, starting="u").waits


def test_the_goals_are_values() -> None:
    assert ShutDown(Exit(SHUTDOWN, "parent")) == ShutDown(Exit(SHUTDOWN, "parent"), None)
    made = {cls for cls in vars(task).values() if isinstance(cls, type) and cls.__module__ == task.__name__}
    assert made == {*get_args(task.Goal), Task}
