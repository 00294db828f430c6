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


@session_event
class ToolUpdated(SessionEvent):
    """A tool tells how far it is, and goes on: ``message``, which the model is told, as ``update_id`` in the history.

    The first time that is the outcome of its call, later it is a call of its own. If it is ``silent`` the caller is not told.
    """

    call_id: str
    name: str
    update_id: str
    message: str
    silent: bool


@session_event
class ToolReply(SessionEvent):
    """What becomes of the reply that tells the caller what tools have told that go on, or went on: ``update_ids`` of the history.

    ``status`` is ``pending`` while they wait for one, then ``scheduled``, and in the end ``completed``, ``interrupted`` or ``skipped``
    (nothing was said). What is pending is dropped where its agent loses the call, or the call ends.
    """

    update_ids: tuple[str, ...]
    status: str
    speech_id: str = ""


@session_event(kept=False)
class FunctionToolsExecuted(SessionEvent):
    """All tools that the model asked for in one round have a result; each, `ToolReturned` tells for good."""

    calls: tuple[ExecutedCall, ...]
