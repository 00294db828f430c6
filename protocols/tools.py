"""What a tool looks like to a model."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["ToolSchema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSchema:
    """A tool as a model sees it. ``parameters`` is a JSON schema of type object (OpenAI's ``function.parameters``)."""

    name: str
    description: str
    parameters: dict[str, Any] = field(hash=False)

    def to_openai(self) -> dict[str, Any]:
        """The entry of OpenAI's ``tools`` list."""
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": self.parameters},
        }
