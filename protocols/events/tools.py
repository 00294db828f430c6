"""Events of tools: their calls and their results."""

from protocols.events.definition import SessionEvent, session_event
from protocols.events.values import ExecutedCall


@session_event
class ToolCalled(SessionEvent):
    """A tool is about to run. ``arguments`` is JSON."""

    call_id: str
    name: str
    arguments: str


@session_event
class ToolReturned(SessionEvent):
    """A tool has ended; ``result`` is what the model is told."""

    call_id: str
    name: str
    result: str
    ok: bool


@session_event(kept=False)
class FunctionToolsExecuted(SessionEvent):
    """All tools that the model asked for in one round have a result; each, `ToolReturned` tells for good."""

    calls: tuple[ExecutedCall, ...]
