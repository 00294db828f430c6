"""No event is only defined: somebody tells it."""

import ast
from pathlib import Path

from protocols import event_types

TOLD_IN = ("actors", "livekitex_agent")


def test_each_event_is_told_somewhere(checkout: Path) -> None:
    made = {
        node.func.id
        for layer in TOLD_IN
        for path in (checkout / layer).rglob("*.py")
        if "testing" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert {event.__name__ for event in event_types()} <= made, "publish it where it happens, or remove it"
