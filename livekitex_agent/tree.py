"""The supervision tree at one moment."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An actor in the tree. ``name`` is its name in the registry, ``state`` running, restarting, undefined, or ending.

    ``children`` are in the order of their start. ``os_pid`` is 0 for what does not run.
    """

    name: str
    state: str
    os_pid: int
    is_supervisor: bool
    children: tuple["Node", ...] = ()

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, from top to bottom."""
        yield self
        for child in self.children:
            yield from child.walk()

    def lines(self) -> list[str]:
        """The tree as it is printed: one line a node, with its process id, or its state when it does not run."""
        return [_label(self), *_below(self, "")]


def _below(node: Node, indent: str) -> list[str]:
    lines: list[str] = []
    for child in node.children:
        last = child is node.children[-1]
        lines.append(f"{indent}{'└── ' if last else '├── '}{_label(child)}")
        lines += _below(child, indent + ("    " if last else "│   "))
    return lines


def _label(node: Node) -> str:
    return f"{node.name}  {node.os_pid if node.state == 'running' else node.state}"
