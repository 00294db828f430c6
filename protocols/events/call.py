"""Events of the call as a whole: its beginning, its incarnations, its end, its commands and what failed."""

from protocols.events.definition import SessionEvent, session_event


@session_event
class CallStarted(SessionEvent):
    """The call's first incarnation has begun."""

    call_id: str


@session_event
class Restarted(SessionEvent):
    """A new incarnation of the call has begun; the one before ended for ``reason``."""

    reason: str
    incarnation: int


@session_event
class CommandDone(SessionEvent):
    """An accepted command has been acted on."""

    command_id: str


@session_event(name="error")
class SessionError(SessionEvent):
    """Something failed and the call goes on, unless it is the call.

    ``source`` names the part: ``stt``, ``llm``, ``tts``, ``journal``, ``audio`` (some of the caller's is lost), ``agent`` (one cannot be
    loaded), ``program``, or ``call``: it died too often, so the agent says a last sentence and ends it. Failures that cost the caller
    nothing, `PartFailed` alone tells.
    """

    source: str
    text: str
    retryable: bool


@session_event
class EventsMissed(SessionEvent):
    """A bound made this subscriber miss ``count`` events before the next one."""

    count: int


@session_event(kept=False)
class CallbackFailed(SessionEvent):
    """A callback of this script raised, or was given up; the call and its other callbacks go on.

    ``event`` is the name of the event that it had. ``missed`` counts events that it did not get, because as many waited for it as may.
    """

    event: str
    callback: str
    text: str
    missed: int


@session_event
class CallEnded(SessionEvent):
    """The call is over; nothing follows."""

    reason: str
