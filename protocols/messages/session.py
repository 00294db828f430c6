"""What is said to a session, and what it answers.

Commands carry an id of the caller's making. They are answered with `CommandAccepted` once they are in the journal, and a command
that is sent again under the same id is accepted again and acted on once; so whoever gets no answer sends it again.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from protocols.chat_context import ChatContext
from protocols.events.definition import SessionEvent
from protocols.language_model import ToolChoice

__all__ = ["AudioAccepted", "AudioCleared", "AudioPushed", "CancelResponse", "CommandAccepted", "CommitAudio", "EndCall", "EventPushed"]
__all__ += ["BACKGROUND_ID", "MAX_SPEECH_S", "SPEECH_DEADLINE_S", "GetSession"]
__all__ += ["ExtendSpeech", "GenerateReply", "Say", "SendText", "SessionCommand", "SessionInfo", "SpeechPriority", "StreamAudio"]
__all__ += ["SpeechStreamed", "StreamSpeech"]
__all__ += ["Subscribe", "Subscribed", "Unsubscribe", "UpdateChatContext", "UpdateInstructions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendText:
    """The caller's turn as text."""

    TAG: ClassVar[str] = "session.send_text"
    command_id: str
    text: str


SPEECH_DEADLINE_S: Final = 1_800.0
"""How long a speech may take, from its command to its end, where nothing else is asked for; a reply to the caller from its beginning."""
MAX_SPEECH_S: Final = 3_600.0
"""The longest that may be asked for."""


class SpeechPriority(IntEnum):
    """What is said first where several wait; a text of the caller has the middle one. Among equals the oldest is first."""

    LOW = 0
    NORMAL = 5
    HIGH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """The agent says ``text``, as soon as nobody has the turn and nothing of higher ``priority`` waits.

    ``written`` is how the history has it (None: as it is said).

    Without ``allow_interruptions`` the caller's voice does not stop it: what he says meanwhile is his turn after it. If it is not over
    ``deadline_s`` after it was accepted, it ends then, wherever it is. If it is ``open``, more follows by `ExtendSpeech`, and there may be
    no text yet. If it has ``audio`` that comes by `StreamSpeech`, and is what is heard; ``text`` is what it says. If it is not to
    be ``in_history`` it is said, and no model is told of it.
    """

    TAG: ClassVar[str] = "session.say"
    command_id: str
    text: str
    written: str | None = None
    allow_interruptions: bool = True
    priority: int = int(SpeechPriority.NORMAL)
    deadline_s: float = SPEECH_DEADLINE_S
    open: bool = False
    audio: bool = False
    in_history: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendSpeech:
    """The speech ``speech_id``, which is open, goes on with ``text``; with the ``last`` it is complete.

    ``written`` is how the history has it (None: as it is said).

    In the order of their acceptance, so whoever sends them waits for each. Refused once the speech is over or complete. It is part of the
    speech's own command, so no `CommandDone` tells of it.
    """

    TAG: ClassVar[str] = "session.extend_speech"
    command_id: str
    speech_id: str
    text: str = ""
    written: str | None = None
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateReply:
    """The agent's model speaks, as soon as nobody has the turn: to ``user_input`` as a text of the caller's, or by itself (empty).

    ``instructions`` are told to it for this reply alone. Of the agent's tools it is offered those that ``tools`` names (None: all), in
    every round of the reply. ``tool_choice`` is for its first round, and for all of them if it is ``none``; ``required_tool`` names the
    one that it has to call where that is ``required`` (empty: any). ``context`` is what its first round is told in the place of the
    agent's instructions and of the conversation (None: those); after its tools the conversation is told with it. The rest is as in `Say`.
    """

    TAG: ClassVar[str] = "session.generate_reply"
    command_id: str
    instructions: str = ""
    user_input: str = ""
    allow_interruptions: bool = True
    priority: int = int(SpeechPriority.NORMAL)
    tools: tuple[str, ...] | None = None
    tool_choice: ToolChoice = ToolChoice.AUTO
    required_tool: str = ""
    context: ChatContext | None = None
    deadline_s: float = SPEECH_DEADLINE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateInstructions:
    """From the model's next round on the agent has these ``instructions``, until the call is handed to another agent."""

    TAG: ClassVar[str] = "session.update_instructions"
    command_id: str
    instructions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateChatContext:
    """The history is ``context`` from here on, without halves of pairs; the turn that is open follows it."""

    TAG: ClassVar[str] = "session.update_chat_context"
    command_id: str
    context: ChatContext


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitAudio:
    """The caller's turn ends here, whatever the voice activity detection thinks; with ``discard`` as if he had said nothing.

    Without ``reply`` what he has said stands in the history, and is not answered.
    """

    TAG: ClassVar[str] = "session.commit_audio"
    command_id: str
    discard: bool = False
    reply: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelResponse:
    """Stop the speech ``speech_id``, which is made or spoken or waits; empty: whatever is made or spoken now.

    A no-op when there is none. Without ``force`` it is refused for a speech that is said without ``allow_interruptions``.
    """

    TAG: ClassVar[str] = "session.cancel_response"
    command_id: str
    speech_id: str = ""
    force: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCall:
    """End the call after the reply that is spoken now."""

    TAG: ClassVar[str] = "session.end_call"
    command_id: str
    reason: str = "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAccepted:
    """The command is in the journal; without ``durable`` only in the session's memory, for want of a journal or of its disk.

    ``speech_id`` names the speech that it has made, as long as that is not over (empty: none).
    """

    TAG: ClassVar[str] = "session.command_accepted"
    command_id: str
    durable: bool = True
    speech_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamAudio:
    """The next audio of the caller: PCM16 mono. ``sequence`` counts the chunks of the call from 0.

    A chunk below the expected sequence is a repetition and is only acknowledged; one above it is refused (send again from the
    acknowledged one on).
    """

    TAG: ClassVar[str] = "session.stream_audio"
    sequence: int
    rate_hz: int
    pcm: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSpeech:
    """Audio of the speech ``speech_id``, PCM16 mono at the rate of the call's voice, from its sample ``position`` on; ``last``: to its end.

    Answered with `SpeechStreamed`, and refused once the speech is over. What is there already is not taken twice; what there is no room
    for, or no turn yet, is to be sent again.
    """

    TAG: ClassVar[str] = "session.stream_speech"
    speech_id: str
    position: int
    pcm: bytes
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStreamed:
    """All samples of the speech before ``position`` are kept outside the session's process, whose voice has ``rate_hz``."""

    TAG: ClassVar[str] = "session.speech_streamed"
    position: int
    rate_hz: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioAccepted:
    """All chunks below ``next_sequence`` are in the session's memory outside its process."""

    TAG: ClassVar[str] = "session.audio_accepted"
    next_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """Push to the sender every event from ``from_number`` on, and the agent's audio if ``audio``. Answered with `Subscribed`.

    Sent again (after a restart, or when an event is missing) it replaces the sender's earlier subscription.
    """

    TAG: ClassVar[str] = "session.subscribe"
    from_number: int
    audio: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """Push nothing more to the sender (no answer)."""

    TAG: ClassVar[str] = "session.unsubscribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """The subscription stands; ``next_number`` will be the number of the next new event, ``next_sequence`` that of the next audio chunk.

    That is `NO_AUDIO_IN` where the call's agent does not listen, and any chunk would be refused.
    """

    TAG: ClassVar[str] = "session.subscribed"
    NO_AUDIO_IN: ClassVar[int] = -1
    next_number: int
    next_sequence: int
    incarnation: int
    os_pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPushed:
    """An event, and around it what all events have: its number in the call, the incarnation that it happened in, and when.

    ``wall_s`` is in seconds since the epoch. ``turn_id`` and ``speech_id`` are those of the turn and the speech that it belongs to; empty
    where there is none. The ``number`` of an event that is not kept is that of the kept one before it (see `protocols.events.definition`).
    """

    TAG: ClassVar[str] = "session.event"
    call_id: str
    number: int
    incarnation: int
    wall_s: float
    event: SessionEvent
    turn_id: str = ""
    speech_id: str = ""


BACKGROUND_ID = "background"
"""The ``speech_id`` of sound beside the speech: a stream of its own, from the call's beginning on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPushed:
    """The agent's audio as it is played, in real time. ``position`` is the index of its first sample in the reply ``speech_id``."""

    TAG: ClassVar[str] = "session.audio"
    call_id: str
    speech_id: str
    position: int
    rate_hz: int
    pcm: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioCleared:
    """Of the reply ``speech_id`` nothing is to be heard from the sample ``position`` on: audio from there that was not played is dropped.

    What is before is played, the last ``fade_ms`` of it fading out; who has come further already fades out at once. If the reply goes on,
    it does so at ``position``, with `AudioPushed` (faded in, or ducked).
    """

    TAG: ClassVar[str] = "session.audio_cleared"
    call_id: str
    speech_id: str
    position: int
    fade_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSession:
    """Ask a session how it is; answered with `SessionInfo`."""

    TAG: ClassVar[str] = "session.get"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """A session as it is now; ``history`` holds its newest items, as they were heard, and the caller's message of the open turn."""

    TAG: ClassVar[str] = "session.info"
    call_id: str
    state: str
    incarnation: int
    os_pid: int
    journal_path: str
    user_data_json: str
    history: ChatContext


SessionCommand = (
    SendText | Say | ExtendSpeech | GenerateReply | UpdateInstructions | UpdateChatContext | CommitAudio | CancelResponse | EndCall
)
