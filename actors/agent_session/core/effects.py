"""What the core wants done. `Effect` is their closed union; the shell performs them in order.

`Write` holds back its ``then`` until its entries are in the journal, so what the world may see only after that stands there. All writes
are in one queue: ``then`` of an earlier one is always performed before ``then`` of a later one.
"""

from dataclasses import dataclass
from enum import StrEnum

from actors.agent_session.core.entries import Entry
from actors.agent_session.core.inputs import Input
from protocols import DEFAULT_CHAT_OPTIONS, ChatContext, ChatMessage, ChatOptions, EventPushed, FunctionCall, Message, Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Commit ``entries`` in one transaction (none: only wait for those before), then perform ``then``. Without a journal: at once."""

    entries: tuple[Entry, ...]
    then: "tuple[Effect, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer a request."""

    request: int
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Send an event to subscribers; ``again`` if it happened before, and is told to one who missed it."""

    to: tuple[Ref, ...]
    event: EventPushed
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Send a message to whoever has ``name``, if anybody has."""

    name: str
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """Give ``input`` to the core after ``delay_s``."""

    delay_s: float
    input: Input


class Origin(StrEnum):
    """What is known of the sample from which the caller is listened to."""

    SETTLED = "settled"
    """Everything before it: speech that begins there is whole."""
    SPEECH = "speech"
    """The caller's speech begins there."""
    REST = "rest"
    """The caller speaks there, or did just now, and what he said before is lost: for `VoiceEnded` without `VoiceBegan`."""
    UNKNOWN = "unknown"
    """Nothing: speech that begins at once is taken for a rest, whose beginning is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Listen to the caller's audio from the sample ``start`` on."""

    start: int
    origin: Origin = Origin.SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """The caller's audio before the sample ``until`` is not needed any more."""

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heed:
    """The caller's speech from ``start`` on is known to the journal: it may be recognised before it ends."""

    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndVoice:
    """The caller's turn ends at the sample ``position``: for `AudioCommitted`."""

    command_id: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognize:
    """Recognise the caller's audio from ``start`` to ``end``: for `Recognized`, `RecognitionFailed` or `AudioLost`."""

    token: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Think:
    """Ask the model: for `SentenceReady`s and then `RoundFinished`, or `ThinkingFailed`. Replaces what it was asked before.

    It is offered the agent's tools of the names ``tools``.
    """

    token: int
    context: ChatContext
    tools: frozenset[str]
    options: ChatOptions = DEFAULT_CHAT_OPTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarise:
    """Ask the model for a text, beside what it is asked by `Think`: for `Summarised`, or `SummaryFailed`."""

    token: int
    context: ChatContext


@dataclass(frozen=True, slots=True, kw_only=True)
class StopThinking:
    """Stop the model, if it is at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakSentence:
    """Make a sentence heard after those before it: for `SentencePlaying` and `SentencePlayed`, or `SpeechFailed`.

    ``start`` is the position of its first sample in the reply where it begins one (-1: at 0, or behind the sentence before). Of a sentence
    that an earlier incarnation began the audio from and to the samples ``kept`` is kept outside the process: it is heard from the character
    ``heard_char`` on, and behind it the text is said anew from the character ``from_char`` on. Without ``allow_interruptions`` the caller's
    voice makes it neither softer nor silent. With ``audio`` it is not the voice that says it: its samples come by `StreamSpeech`.
    """

    speech_id: str
    index: int
    text: str
    start: int = -1
    kept: tuple[int, int] | None = None
    heard_char: int = 0
    from_char: int = 0
    allow_interruptions: bool = True
    audio: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseSpeech:
    """Hold the reply ``speech_id`` where it is."""

    speech_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeSpeech:
    """Go on with the reply ``speech_id`` where it was held."""

    speech_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSpeech:
    """Stop the reply ``speech_id`` and say no more of it: for `SpeechStopped`, also when nothing of it is heard."""

    speech_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOutput:
    """From now on speech is heard; until then it is only prepared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTool:
    """Run a tool on a copy of the user data, for the reply ``speech_id``: for `ToolFinished`."""

    call: FunctionCall
    user_data_json: str
    incarnation: int
    speech_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHook:
    """Run the program's hook of the caller's turn, with his message and the history before it: for `HookEnded`."""

    token: int
    turn_id: str
    message: ChatMessage
    context: ChatContext


@dataclass(frozen=True, slots=True, kw_only=True)
class UseAgent:
    """Load the agent that travels as ``agent`` (JSON; empty: the one the call began with), and work with its tools and its model then.

    For `AgentReady`, or for `AgentFailed` with nothing changed.
    """

    token: int
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The call is over: give up what was kept for it and end."""


Effect = (
    Write
    | Answer
    | Push
    | Tell
    | After
    | Listen
    | Settle
    | Heed
    | EndVoice
    | Recognize
    | Think
    | Summarise
    | StopThinking
    | SpeakSentence
    | PauseSpeech
    | ResumeSpeech
    | StopSpeech
    | OpenOutput
    | RunTool
    | RunHook
    | UseAgent
    | Leave
)
