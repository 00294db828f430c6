"""The tool registry: which tools the node's agents have, and how they fare."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = ["ListTools", "RegisterTools", "ToolEntry", "ToolUsed", "Tools", "ToolsRegistered", "UnregisterTool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEntry:
    """A tool: its schema (OpenAI's ``parameters``), where its function lives, and its figures."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    source: str
    calls: int = 0
    failures: int = 0
    total_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterTools:
    """Make tools known; an entry of the same name and source keeps its figures. Answered with `ToolsRegistered` or `ErrorReply`."""

    TAG: ClassVar[str] = "tools.register"
    tools: tuple[ToolEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsRegistered:
    """The number of tools now known."""

    TAG: ClassVar[str] = "tools.registered"
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnregisterTool:
    """Forget a tool; answered with `ToolsRegistered`."""

    TAG: ClassVar[str] = "tools.unregister"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTools:
    """Ask for the tools whose name begins with ``prefix``; answered with `Tools`."""

    TAG: ClassVar[str] = "tools.list"
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Tools in alphabetical order."""

    TAG: ClassVar[str] = "tools.all"
    tools: tuple[ToolEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUsed:
    """A session ran a tool (no answer)."""

    TAG: ClassVar[str] = "tools.used"
    name: str
    ok: bool
    duration_ms: float
