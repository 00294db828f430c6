"""The events that an expectation speaks of: what was said, which tools were called, who has the call. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from protocols import AgentChanged, AgentMessage, SessionEvent, ToolCalled, ToolReturned, UserMessage

TEXT_SHOWN: Final = 60
"""Characters of a text that a line shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent:
    """Something was said: by the caller (``role`` user: as it was understood), or by the agent (assistant: as far as it was heard)."""

    TYPE: ClassVar[str] = "message"
    role: str
    text: str
    interrupted: bool = False

    def __str__(self) -> str:
        return f"message by {self.role}: {shown(self.text)}{' (interrupted)' if self.interrupted else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallEvent:
    """A tool is called. ``arguments`` is what the model gave, as JSON."""

    TYPE: ClassVar[str] = "function_call"
    name: str
    arguments: str
    call_id: str

    @property
    def parsed(self) -> Mapping[str, Any]:
        """The arguments; empty where the model gave no JSON object."""
        return parsed_arguments(self.arguments)

    def __str__(self) -> str:
        return f"function call: {self.name}({self.arguments:.{TEXT_SHOWN}})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallOutputEvent:
    """A tool has ended. ``output`` is what the model is told; ``is_error`` whether the tool failed."""

    TYPE: ClassVar[str] = "function_call_output"
    name: str
    output: str
    is_error: bool
    call_id: str

    def __str__(self) -> str:
        return f"function call output: {self.name} {'failed' if self.is_error else 'gave'} {shown(self.output)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentHandoffEvent:
    """The agent ``old`` handed the call to ``new``."""

    TYPE: ClassVar[str] = "agent_handoff"
    old: str
    new: str

    def __str__(self) -> str:
        return f"hand-off: {self.old} -> {self.new}"


RunEvent = MessageEvent | FunctionCallEvent | FunctionCallOutputEvent | AgentHandoffEvent


def run_events(events: Iterable[SessionEvent], given: str) -> Iterator[RunEvent]:
    """What of a call's ``events`` is one; the caller's text ``given``, which is the run's own input, is none."""
    for event in events:
        match event:
            case UserMessage(source="text", text=text) if text == given:
                pass
            case UserMessage(text=text):
                yield MessageEvent(role="user", text=text)
            case AgentMessage(text=text, interrupted=interrupted):
                yield MessageEvent(role="assistant", text=text, interrupted=interrupted)
            case ToolCalled(name=name, arguments=arguments, call_id=call_id):
                yield FunctionCallEvent(name=name, arguments=arguments, call_id=call_id)
            case ToolReturned(name=name, result=result, ok=ok, call_id=call_id):
                yield FunctionCallOutputEvent(name=name, output=result, is_error=not ok, call_id=call_id)
            case AgentChanged(old=old, new=new):
                yield AgentHandoffEvent(old=old, new=new)
            case _:
                pass


def parsed_arguments(arguments: str) -> Mapping[str, Any]:
    """The arguments that a model gave, read; empty where they are no JSON object."""
    try:
        found = json.loads(arguments or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def shown(text: str) -> str:
    """The beginning of a text, quoted."""
    return repr(text if len(text) <= TEXT_SHOWN else text[:TEXT_SHOWN] + "…")
