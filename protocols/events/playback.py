"""Events of the agent's voice on its way to the caller's ear. Positions are milliseconds of the speech's own audio.

None is kept: what was heard, `AgentSentence` and `AgentMessage` tell for good.
"""

from protocols.events.definition import SessionEvent, session_event


@session_event(kept=False)
class PlaybackStarted(SessionEvent):
    """The first of a speech is heard; in a later incarnation it goes on at ``position_ms``."""

    speech_id: str
    position_ms: int


@session_event(kept=False)
class PlaybackProgress(SessionEvent):
    """So much of a speech has been heard; ``text`` are its words up to there."""

    speech_id: str
    position_ms: int
    text: str


@session_event(kept=False)
class PlaybackPaused(SessionEvent):
    """A speech is held, until it is known whether the caller means to interrupt it."""

    speech_id: str
    position_ms: int


@session_event(kept=False)
class PlaybackResumed(SessionEvent):
    """A speech that was held goes on."""

    speech_id: str
    position_ms: int


@session_event(kept=False)
class PlaybackFinished(SessionEvent):
    """The last of a speech has been heard: all of it, or, if ``interrupted``, what was heard until it was stopped."""

    speech_id: str
    position_ms: int
    interrupted: bool
