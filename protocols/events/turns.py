"""Events of a turn as a whole: its beginning and end, what it took and what it cost."""

from protocols.events.definition import SessionEvent, session_event
from protocols.events.values import ModelUsage


@session_event(kept=False)
class TurnStarted(SessionEvent):
    """The agent has the turn; ``source`` is why (`TurnSource`)."""

    turn_id: str
    source: str


@session_event
class ReplyLatency(SessionEvent):
    """From the end of the caller's turn to the first audio (or text) of the reply, in milliseconds.

    None where that is not known: the process has died in between, and the machine's clock was set.
    """

    turn_id: str
    latency_ms: float | None


@session_event
class TurnLatency(SessionEvent):
    """When what of a turn happened, in milliseconds from the end of the caller's speech (of his text: from its coming).

    ``end_of_turn_ms`` his turn was taken for over and understood, ``first_token_ms`` the model's first sentence stood, ``first_audio_ms``
    the first of its audio was made, ``heard_ms`` that was heard. None: it did not happen, or in another incarnation.
    """

    turn_id: str
    end_of_turn_ms: float | None = None
    first_token_ms: float | None = None
    first_audio_ms: float | None = None
    heard_ms: float | None = None


@session_event
class UsageUpdated(SessionEvent):
    """What the call's models have been used for so far, through all its incarnations; one entry for each."""

    models: tuple[ModelUsage, ...]


@session_event
class TurnFailed(SessionEvent):
    """A turn is given up, because the session died too often in it; it is apologised for and never tried again.

    ``text`` is the caller's message. Of speech that was not understood yet there is none, and ``turn_id`` is empty.
    """

    turn_id: str
    text: str
    reason: str


@session_event(kept=False)
class TurnCompleted(SessionEvent):
    """A turn is over: after ``duration_ms``, ``rounds`` of the model and ``tools`` that were called."""

    turn_id: str
    duration_ms: int
    rounds: int
    tools: int
