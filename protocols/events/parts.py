"""Events of a session's parts (``vad``, ``stt``, ``llm``, ``tts``, ``turn_detector``, ``journal`` …): failures and what became of them."""

from protocols.events.definition import SessionEvent, session_event


@session_event
class PartFailed(SessionEvent):
    """A part failed; ``retryable`` tells whether it is restarted."""

    part: str
    text: str
    retryable: bool


@session_event
class PartRestarted(SessionEvent):
    """A part that failed (``text``) is asked again; it is so for the ``restarts``-th time within its budget."""

    part: str
    restarts: int
    text: str = ""


@session_event
class PartRecovered(SessionEvent):
    """A part that had failed works again."""

    part: str


@session_event
class Degraded(SessionEvent):
    """The call goes on with less, because a part is given up: ``to`` is what takes its place (``loudness``, ``text``, ``apology`` …)."""

    part: str
    to: str
    text: str
