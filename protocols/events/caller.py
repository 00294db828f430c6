"""Events of the caller: his voice, his words, his turn."""

from protocols.events.definition import SessionEvent, session_event


@session_event(kept=False)
class UserStateChanged(SessionEvent):
    """The caller moved from state ``old`` to ``new`` (see `protocols.user_state`). What is kept of it, `StateChanged` tells."""

    old: str
    new: str


@session_event(kept=False)
class UserSpeechStarted(SessionEvent):
    """The voice activity detection hears the caller begin to speak, or go on, at ``position_ms`` of his audio."""

    position_ms: int


@session_event(kept=False)
class UserSpeechEnded(SessionEvent):
    """His speech is over, before ``position_ms`` of his audio. Whether his turn is, `UserTurnCommitted` tells."""

    position_ms: int


@session_event
class UserInputTranscribed(SessionEvent):
    """What is understood of the caller's speech: an interim text that the next one replaces, or, if ``is_final``, one that stays.

    Only final ones are kept. ``language`` is what the speech recognition heard (empty: it did not say), ``speaker_id`` who it thinks spoke
    (empty: it does not tell speakers apart).
    """

    text: str
    is_final: bool
    language: str = ""
    speaker_id: str = ""

    @property
    def kept(self) -> bool:
        """Whether it is final."""
        return self.is_final


@session_event(kept=False)
class UserInputSettled(SessionEvent):
    """The caller's turn so far is understood for good: ``text`` will not change, but he may go on. Of a recogniser that streams.

    ``language`` and ``speaker_id`` are as in `UserInputTranscribed`.
    """

    text: str
    language: str = ""
    speaker_id: str = ""


@session_event(kept=False)
class EndOfTurnPredicted(SessionEvent):
    """In a pause of the caller's the end-of-turn model thinks with ``probability`` that he has finished; from ``threshold`` on he has."""

    probability: float
    threshold: float


@session_event(kept=False)
class UserTurnCommitted(SessionEvent):
    """The caller's turn is over, and what he said in it is the agent's to answer.

    ``by`` is what ended it: ``endpointing`` (silence, and the end-of-turn model where there is one), ``stt``, ``commit`` (`CommitAudio`),
    ``text`` (he wrote), ``limit`` (`UserTurnExceeded`) or ``realtime`` (the model's own detection). ``speech_ms`` is how long it was from
    the first to the last of his voice (0: it was text).
    """

    by: str
    speech_ms: int = 0


@session_event
class UserMessage(SessionEvent):
    """The caller's turn is complete. ``source`` is ``text`` or ``audio``."""

    turn_id: str
    text: str
    source: str


@session_event
class UserTranscriptionTimeout(SessionEvent):
    """The caller spoke for ``speech_ms``, and nothing was understood of it."""

    speech_ms: int


@session_event
class UserTurnExceeded(SessionEvent):
    """The caller's turn reached a limit: ``words`` in ``duration_ms`` are as much as one turn may have, and are answered.

    ``text`` is what he said in it; what he goes on to say is another turn.
    """

    text: str
    words: int
    duration_ms: int


@session_event
class OverlappingSpeech(SessionEvent):
    """The caller spoke while the agent was heard, and it is decided what he meant.

    ``decision`` is ``interruption`` (the agent stops), ``back_channel`` ("uh-huh": it goes on), ``noise`` (nothing was understood: it goes
    on), ``echo`` (its own voice) or ``queued`` (the speech allows no interruption: his turn comes after it). ``delay_ms`` is from the
    beginning of the voice to the decision.
    """

    speech_id: str
    decision: str
    text: str
    delay_ms: int
