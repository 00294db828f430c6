"""Events of tools: their calls, what they tell while they run, their results."""

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
class ToolExecutionUpdated(SessionEvent):
    """A tool that runs told of its progress; if ``silent``, the model alone."""

    call_id: str
    name: str
    message: str
    silent: bool


@session_event(kept=False)
class FunctionToolsExecuted(SessionEvent):
    """All tools that the model asked for in one round have a result; each, `ToolReturned` tells for good."""

    calls: tuple[ExecutedCall, ...]
