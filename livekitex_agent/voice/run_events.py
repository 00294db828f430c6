"""What happens in a run, as its result tells it: messages, calls of tools, their outputs, hand-offs. Each has a chat item."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from livekitex_agent.testing.run_events import TEXT_SHOWN, parsed_arguments, shown


@dataclass
class ChatMessageEvent:
    """Something was said. ``item`` is a `ChatMessage`."""

    item: Any
    type: Literal["message"] = "message"

    def __str__(self) -> str:
        interrupted = " (interrupted)" if getattr(self.item, "interrupted", False) else ""
        return f"message by {self.item.role}: {shown(self.item.text_content or '')}{interrupted}"


@dataclass
class FunctionCallEvent:
    """A tool is called. ``item`` is a `FunctionCall`."""

    item: Any
    type: Literal["function_call"] = "function_call"

    @property
    def parsed(self) -> Mapping[str, Any]:
        """The arguments; empty where the model gave no JSON object."""
        return parsed_arguments(self.item.arguments)

    def __str__(self) -> str:
        return f"function call: {self.item.name}({self.item.arguments:.{TEXT_SHOWN}})"


@dataclass
class FunctionCallOutputEvent:
    """A tool has ended. ``item`` is a `FunctionCallOutput`."""

    item: Any
    type: Literal["function_call_output"] = "function_call_output"

    def __str__(self) -> str:
        return f"function call output: {self.item.name} {'failed' if self.item.is_error else 'gave'} {shown(self.item.output)}"


@dataclass
class AgentHandoffEvent:
    """The call was handed on. ``item`` is an `AgentHandoff`; ``old_agent`` is None at the beginning of a session."""

    item: Any
    old_agent: Any
    new_agent: Any
    type: Literal["agent_handoff"] = "agent_handoff"

    def __str__(self) -> str:
        old = "nobody" if self.old_agent is None else type(self.old_agent).__name__
        return f"hand-off: {old} -> {type(self.new_agent).__name__}"


RunEvent = ChatMessageEvent | FunctionCallEvent | FunctionCallOutputEvent | AgentHandoffEvent
