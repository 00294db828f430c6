"""The tool registry: which tools the node's agents have, and how they fare."""

from actors.tool_registry.actor import ToolRegistry

__all__ = ["ToolRegistry"]
