"""The tools of a node and their figures. Pure: every function returns the next catalogue, or raises and changes nothing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from actors.tool_registry.schema import require_tool
from protocols import CapacityError, InvalidToolError, ToolEntry, pack

MAX_TOOLS: Final = 512
"""Tools of one node; a registration beyond it is refused."""

MAX_BYTES: Final = 512 * 1024
"""Size of all tools on the wire in bytes, so that one message can list them; a registration beyond it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Tools by name; ``unknown_uses`` counts reports of tools that nobody has registered."""

    tools: Mapping[str, ToolEntry] = field(default_factory=dict)
    unknown_uses: int = 0

    def list_tools(self, prefix: str) -> tuple[ToolEntry, ...]:
        """The tools whose name begins with ``prefix``, in alphabetical order."""
        return tuple(self.tools[name] for name in sorted(self.tools) if name.startswith(prefix))


def register(catalogue: Catalogue, tools: Sequence[ToolEntry]) -> Catalogue:
    """Make all of ``tools`` known, or none.

    A tool of the same name and source keeps its figures and takes the new texts; of another source, it replaces the old one and begins
    at zero. Figures in ``tools`` are ignored.

    Raises:
        InvalidToolError: one of them is no tool, or two different ones have one name.
        CapacityError: beyond `MAX_TOOLS` or `MAX_BYTES`.
    """
    fresh: dict[str, ToolEntry] = {}
    for tool in tools:
        require_tool(tool)
        if (other := fresh.get(tool.name)) is not None and other.source != tool.source:
            raise InvalidToolError(f"two tools are called {tool.name}, from {other.source} and from {tool.source}: rename one")
        fresh[tool.name] = _with_figures(tool, catalogue.tools.get(tool.name))
    known = {**catalogue.tools, **fresh}
    if len(known) > MAX_TOOLS:
        raise CapacityError(f"{len(known)} tools, the limit is {MAX_TOOLS}: unregister some")
    if (size := sum(len(pack(ToolEntry, tool)) for tool in known.values())) > MAX_BYTES:
        raise CapacityError(f"all tools together have {size} bytes, the limit is {MAX_BYTES}: unregister some, or shorten their schemas")
    return replace(catalogue, tools=known)


def unregister(catalogue: Catalogue, name: str) -> Catalogue:
    """Forget a tool; nothing happens if it is unknown."""
    return replace(catalogue, tools={known: tool for known, tool in catalogue.tools.items() if known != name})


def used(catalogue: Catalogue, name: str, duration_ms: float, *, ok: bool) -> Catalogue:
    """A tool has run. A duration that is no time at all counts as zero."""
    tool = catalogue.tools.get(name)
    if tool is None:
        return replace(catalogue, unknown_uses=catalogue.unknown_uses + 1)
    spent_ms = duration_ms if math.isfinite(duration_ms) and duration_ms > 0 else 0.0
    after = replace(tool, calls=tool.calls + 1, failures=tool.failures + (not ok), total_ms=tool.total_ms + spent_ms)
    return replace(catalogue, tools={**catalogue.tools, name: after})


def _with_figures(tool: ToolEntry, known: ToolEntry | None) -> ToolEntry:
    if known is None or known.source != tool.source:
        return replace(tool, calls=0, failures=0, total_ms=0.0)
    return replace(tool, calls=known.calls, failures=known.failures, total_ms=known.total_ms)
