"""What reaches the core: requests of others, what the engine did and heard, timers. `Input` is their closed union.

``request`` numbers an `effects.Answer`. ``token`` names one piece of work that the core gave to the engine: what comes late, for work
that is not wanted any more, is recognised by it. Positions of the caller are samples at the session's rate, positions of the agent
samples of its reply's audio.
"""

from dataclasses import dataclass

from actors.agent_session.core.memory import AgentChange
from actors.agent_session.core.tool_inputs import DetachedOverdue, FloorAsked, FloorReleased, ReportsGathered, ToolProgressed
from actors.turn_taking import EndedBy
from protocols import (
    DEFAULT_TOKENS,
    ChatContext,
    ChatMessage,
    Degraded,
    FinishReason,
    FunctionCall,
    ModelUsage,
    PartFailed,
    PartRecovered,
    PartRestarted,
    Ref,
    SessionCommand,
    TokenEstimator,
    TokenUsage,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandArrived:
    """``owner`` (an actor's id; empty: unknown) wants something; ``position`` is the caller's audio that came before."""

    request: int
    command: SessionCommand
    position: int
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactTold:
    """The program wants ``value`` (JSON) remembered under ``key`` (None: forgotten): for `CommandAccepted` with the key, or a refusal."""

    request: int
    key: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDataChanged:
    """The program has changed the call's data, outside of tools."""

    user_data_json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFailed:
    """Something of the program has failed that nobody waits for, or blocks its event loop; the call goes on."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionAsked:
    """``subscriber`` wants the events from ``from_number`` on, and the audio if ``audio``; ``next_sequence`` is the next audio chunk's."""

    request: int
    subscriber: Ref
    from_number: int
    audio: bool
    next_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEnded:
    """``subscriber`` wants nothing more."""

    subscriber: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoAsked:
    """Somebody asks how the session is."""

    request: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceBegan:
    """The caller began to speak at the sample ``start``."""

    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceLasted:
    """He has spoken for long enough to interrupt; ``echo`` if it may be the agent's own voice, so that only the words can tell."""

    echo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceEnded:
    """His turn is over before the sample ``end``, ended ``by`` what is said; the last sound of it was heard at ``ended_s``."""

    end: int
    ended_s: float
    by: EndedBy = EndedBy.SILENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReported:
    """What a part of the session came to, as its supervisor tells it."""

    event: PartFailed | PartRestarted | PartRecovered | Degraded


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioCommitted:
    """All audio before the `CommitAudio` of this id has been listened to, and its speech has been ended."""

    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPredicted:
    """In a pause: the end-of-turn model thinks with ``probability`` that the caller has finished; from ``threshold`` on he has."""

    probability: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightTranscript:
    """In a pause: the text of the caller's turn from the sample ``start`` to ``end``, which is all of it if he does not go on."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimTranscript:
    """While he speaks: what is understood of the caller's turn so far; it may change, unless it is ``settled``."""

    text: str
    language: str = ""
    speaker_id: str = ""
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognized:
    """The text of the caller's turn; empty if nothing was understood. ``language`` and ``speaker_id`` are as in `Transcript`."""

    token: int
    text: str
    language: str = ""
    speaker_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionFailed:
    """The speech recognition failed; ``retryable`` is its own judgement."""

    token: int
    text: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioLost:
    """Some audio of the caller's turn does not exist any more."""

    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceReady:
    """The model has written the next sentence (see `Sentence`)."""

    token: int
    text: str
    written: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFinished:
    """The model has ended its answer, for the ``reason``, and asks for ``calls``.

    ``first_token_s`` is the time from the question to the first piece of the answer, None if there was none, ``streamed_s`` that from its
    first text to its last; ``usage`` is None where the model does not count. ``space`` is what is written after its last sentence.
    """

    token: int
    calls: tuple[FunctionCall, ...]
    reason: FinishReason = FinishReason.STOP
    first_token_s: float | None = None
    streamed_s: float = 0.0
    usage: TokenUsage | None = None
    space: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingFailed:
    """The model failed; ``retryable`` is its own judgement. It is to be asked again after ``retry_in_s`` (None: it is given up)."""

    token: int
    text: str
    retryable: bool
    retry_in_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarised:
    """The model has summed up the oldest turns."""

    token: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryFailed:
    """It cannot, or has not in time."""

    token: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionOnItsWay:
    """Enough waited for the model to be asked."""

    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDue:
    """Time to ask the model again."""

    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished:
    """A tool has ended: ``result`` is what the model is told.

    ``end_call`` is the reason if it asked to end the call, ``hand_off`` the agent that it hands the call to, as it travels (JSON). Without
    ``reply`` the model is not asked for this result; without ``output`` neither, and the result is empty. ``commands`` are what a program
    has asked for in the step in which its tool returned: they are accepted before that.
    """

    call_id: str
    result: str
    ok: bool
    user_data_json: str
    end_call: str
    duration_ms: float
    hand_off: str = ""
    reply: bool = True
    output: bool = True
    commands: tuple[CommandArrived, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentWanted:
    """The program wants another agent (JSON, opaque) to have the call: for `CommandAccepted` once it has it, or a refusal.

    With LEAVE it is the one below that gets it, whatever ``agent`` says.
    """

    request: int
    agent: str
    change: AgentChange


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsChanged:
    """The program has changed the tools of the agent that has the call: all their names, and which may be run again."""

    tools: tuple[str, ...]
    idempotent: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookEnded:
    """The program's hook of the caller's turn has ended.

    ``message`` is the caller's from now on, ``context`` what the model is told in this turn in the place of the history (None: as they
    were). With ``stop`` the turn is to be as if it had not been. ``error`` says why it failed (empty: it did not).
    """

    token: int
    message: ChatMessage | None = None
    context: ChatContext | None = None
    stop: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReady:
    """The agent that the call is handed to is loaded.

    Its name, instructions, greeting, the names of its tools, the call's ``models`` from now on, and how its own counts tokens.
    ``context`` is what a program's agent knows of the conversation (None: all of it). What it has of its own is given, else None: whether
    it hears and speaks, and how it is interrupted and answers (see `SessionConfig`).
    """

    token: int
    agent: str
    instructions: str
    greeting: str
    tools: tuple[str, ...]
    idempotent: frozenset[str]
    models: tuple[ModelUsage, ...] = ()
    tokens: TokenEstimator = DEFAULT_TOKENS
    context: ChatContext | None = None
    audio_in: bool | None = None
    voice_rate_hz: int | None = None
    resume_false_interruption: bool | None = None
    min_interruption_words: int | None = None
    preemptive_generation: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFailed:
    """It cannot be loaded."""

    token: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceMade:
    """The first audio of the sentence ``index`` of a reply is made, ``after_s`` after the voice was asked for it (None: it was not)."""

    speech_id: str
    index: int
    after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentencePlaying:
    """The sentence ``index`` of a reply begins to be heard, at the sample ``position`` of the reply."""

    speech_id: str
    index: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentencePlayed:
    """The sentence ``index`` has been heard to its end."""

    speech_id: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechHeard:
    """The reply was heard up to the sample ``position``: all sentences before ``index``, and ``char`` characters of that one."""

    speech_id: str
    position: int
    index: int
    char: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechPaused:
    """The reply fell silent at the sample ``position``, and is to go on there."""

    speech_id: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechResumed:
    """The reply goes on at the sample ``position``."""

    speech_id: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped:
    """The reply was stopped at the sample ``position``, in the sentence ``index``, of which ``char`` characters were heard."""

    speech_id: str
    index: int
    char: int
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechFailed:
    """The sentence ``index`` cannot be made audible."""

    speech_id: str
    index: int
    text: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechOverdue:
    """The deadline of some speech has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribersAwaited:
    """Enough waited for somebody who listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFailed:
    """The journal cannot be written."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRecovered:
    """The journal is written again, from a checkpoint on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRetryDue:
    """Time to try the journal again."""


Input = (
    CommandArrived
    | FactTold
    | UserDataChanged
    | ProgramFailed
    | SubscriptionAsked
    | SubscriptionEnded
    | InfoAsked
    | VoiceBegan
    | VoiceLasted
    | VoiceEnded
    | PartReported
    | AudioCommitted
    | InterimTranscript
    | PreflightTranscript
    | TurnPredicted
    | Recognized
    | RecognitionFailed
    | AudioLost
    | SentenceReady
    | RoundFinished
    | ThinkingFailed
    | Summarised
    | SummaryFailed
    | QuestionOnItsWay
    | RetryDue
    | ToolFinished
    | ToolProgressed
    | DetachedOverdue
    | FloorAsked
    | FloorReleased
    | ReportsGathered
    | AgentWanted
    | ToolsChanged
    | HookEnded
    | AgentReady
    | AgentFailed
    | SentenceMade
    | SentencePlaying
    | SentencePlayed
    | SpeechHeard
    | SpeechPaused
    | SpeechResumed
    | SpeechStopped
    | SpeechFailed
    | SpeechOverdue
    | SubscribersAwaited
    | JournalFailed
    | JournalRecovered
    | JournalRetryDue
)
