"""What the journal holds: the facts of a call, one after the other. `Entry` is their closed union.

A memory is a fold over entries (`replay.remember`), so whatever has to survive is an entry, and entries that belong together are written in
one transaction. How they are written, and which a reader may pass over, `actors.agent_session.records` says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.agent_session.core.memory import AgentChange, Memory, TurnSource
from actors.journal import UnknownRecord
from protocols import ChatContext, ChatMessage, FunctionCall, InterruptedBy, SessionCommand, SessionEvent, ToolChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class IncarnationBegan:
    """A session's process has taken up the call."""

    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncarnationEnded:
    """It ends for ``reason``; ``clean`` if it was asked to. Absent where it had no time to say so."""

    reason: str
    clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBack:
    """Entries before this one are lost, and with them all events below ``next_event`` that are not there.

    What waited then may have been done: it is not done again. No number that was given then is given again.
    """

    next_event: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event that is kept, with what `EventPushed` has around it. One that this version does not know is missed by subscribers."""

    number: int
    incarnation: int
    wall_s: float
    event: SessionEvent | UnknownRecord
    turn_id: str = ""
    speech_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event that stands before the last checkpoint, as the journal has it. It is read when a subscriber asks so far back: few do.

    ``decode`` gives None for what this version cannot read: subscribers miss it.
    """

    body: bytes
    decode: Callable[[bytes], Happened | None]

    def read(self) -> Happened | None:
        """The event."""
        return self.decode(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandTaken:
    """A command is accepted. ``position`` is the caller's audio (in samples) that came before it; the rest is as in `Accepted`."""

    command: SessionCommand
    position: int
    speech_id: str = ""
    owner: str = ""
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRecorded:
    """A fact of the program under its ``key`` (None: it is forgotten)."""

    key: str
    value_json: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDataRecorded:
    """The call's data, where no tool has changed it."""

    user_data_json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOpened:
    """The agent has the turn. The caller's ended at ``asked_wall_s``; his audio is settled up to the sample ``heard_until``.

    All from ``speech_id`` on is as in `Turn`; ``wall_s`` is now. Where it tells of ``reports``, none of those of its agent wait any more.
    """

    turn_id: str
    source: TurnSource
    text: str
    command_id: str
    asked_wall_s: float
    heard_until: int
    speech_id: str = ""
    instructions: str = ""
    allow_interruptions: bool = True
    tools: tuple[str, ...] | None = None
    tool_choice: ToolChoice = ToolChoice.AUTO
    required_tool: str = ""
    owner: str = ""
    deadline_wall_s: float = 0.0
    audio: bool = False
    in_history: bool = True
    wall_s: float = 0.0
    metrics: Mapping[str, Any] = field(default_factory=dict, hash=False)
    context: ChatContext | None = None
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceWritten:
    """The next sentence of the reply, and how it is ``written`` (see `Sentence`)."""

    text: str
    written: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundEnded:
    """The model has ended its answer, with ``space`` written after its last sentence, and asks for these tools, or for none."""

    calls: tuple[FunctionCall, ...]
    wall_s: float = 0.0
    space: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolBegun:
    """From here on the tool may have run."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEnded:
    """The outcome of a call (``ok``: no failure), the user data after it, and what the tool wishes.

    That is to end the call, or to hand it to an agent (empty: neither). Without ``reply`` the model need not be asked again for it. If it
    is ``detached`` the tool goes on, and this is how far it was.
    """

    call_id: str
    result: str
    user_data_json: str
    end_call: str
    hand_off: str = ""
    ok: bool = True
    wall_s: float = 0.0
    reply: bool = True
    detached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReported:
    """A detached run tells how far it is, or (``final``) what it came to; the rest is as in `ToolEnded`.

    With ``reply`` the caller is to be told of it.
    """

    call_id: str
    result: str
    user_data_json: str
    final: bool = False
    end_call: str = ""
    ok: bool = True
    wall_s: float = 0.0
    reply: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOff:
    """Another agent has the call, or, unless ``done``, could not take it. Their names are empty in older journals.

    It is the one that a tool wished for, or the ``agent`` that the program gave (JSON), or, of a LEAVE, the one so many ``levels`` below;
    that stack is as if they were left also where it could not take the call. What a program's agent is told of itself stands in the
    history (``instructions``, None: nothing; ``tools``), and ``context`` is what it knows of the conversation (None: all of it).
    """

    done: bool
    old_agent: str = ""
    new_agent: str = ""
    wall_s: float = 0.0
    change: AgentChange = AgentChange.REPLACE
    agent: str = ""
    levels: int = 1
    instructions: str | None = None
    tools: tuple[str, ...] = ()
    context: ChatContext | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentBegan:
    """The call of a program begins with this agent; the rest is as in `HandedOff`."""

    agent: str
    instructions: str = ""
    tools: tuple[str, ...] = ()
    context: ChatContext | None = None
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsUpdated:
    """The agent has further tools, and some no more."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRan:
    """The program's hook of the caller's turn has ended, which took ``took_s``.

    ``message`` and ``context`` are as in `Turn`; ``stop`` drops the turn.
    """

    message: ChatMessage | None = None
    context: ChatContext | None = None
    stop: bool = False
    wall_s: float = 0.0
    took_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceBegun:
    """The next sentence begins to be heard, at the sample ``position`` of the reply."""

    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnClosed:
    """The turn is over. Heard were ``sentences`` whole sentences and ``tail`` of the next one."""

    sentences: int
    tail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSuspended:
    """The open turn waits for its tools, and others may open. Heard were ``sentences`` and ``tail``, as in `TurnClosed`.

    ``stopped_by`` is what had stopped it (None: nothing had).
    """

    sentences: int
    tail: str = ""
    stopped_by: InterruptedBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStopped:
    """A suspended turn is stopped: it is over when it comes back."""

    turn_id: str
    by: InterruptedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnResumed:
    """A suspended turn is open again."""

    turn_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTold:
    """Of an answer of the model in a turn that goes on it was told what was said (the ids of the ``items``), or what its tools came to."""

    turn_id: str
    items: tuple[str, ...] = ()
    outcomes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMeasured:
    """What the ``answer`` of this number in a turn that goes on took (see `item_metrics`)."""

    turn_id: str
    answer: int
    metrics: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryBegun:
    """The history up to the item ``until`` is being summed up."""

    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySummarised:
    """``text`` takes the place of the history up to the item ``until``; empty: that is forgotten."""

    until: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerBegan:
    """The caller speaks, from the sample ``start`` on."""

    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerDropped:
    """There is nothing to answer in the caller's audio up to the sample ``until``."""

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerKept:
    """What the caller has said in his audio up to the sample ``until`` is in the history, and is not answered."""

    until: int
    text: str
    wall_s: float = 0.0
    metrics: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed:
    """The call died too often and shall end for ``reason``. Commands that still wait are not acted on."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallClosed:
    """The call is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """All of the memory: what stands before this is needed no more, but for the newest events."""

    memory: Memory


Entry = (
    IncarnationBegan
    | IncarnationEnded
    | SetBack
    | Happened
    | CommandTaken
    | FactRecorded
    | UserDataRecorded
    | TurnOpened
    | SentenceWritten
    | RoundEnded
    | ToolBegun
    | ToolEnded
    | ToolReported
    | HandedOff
    | AgentBegan
    | ToolsUpdated
    | HookRan
    | SentenceBegun
    | TurnClosed
    | TurnSuspended
    | TurnStopped
    | TurnResumed
    | AnswerTold
    | AnswerMeasured
    | SummaryBegun
    | HistorySummarised
    | CallerBegan
    | CallerDropped
    | CallerKept
    | CallFailed
    | CallClosed
    | Checkpoint
    | UnknownRecord
)
