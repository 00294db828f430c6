"""What a call remembers through all its incarnations: the part of its state that the journal holds.

Plain frozen data and questions about it. Nothing here changes anything: the only way to a new `Memory` is `replay.remember`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from protocols import ChatContext, ChatMessage, FunctionCall, InterruptedBy, ModelUsage, Role, SessionCommand, SpeechOutcome, ToolChoice

MAX_DEATHS_IN_STEP: Final = 2
"""A turn is given up in which as many incarnations ended in the same step: what they died of is taken to be that step."""
MAX_DEATHS: Final = 5
"""So is one in which as many ended in all."""

EMPTY: Final = ChatContext()
LONG_AGO: Final = 1.0
"""When that happened of which a journal of an earlier version tells no time (seconds since the epoch)."""

ITEMS_OF_SPEECH: Final = 64
"""The items of the history that are remembered of one speech."""

ON_EXIT: Final = "program/on_exit"
"""Who sends what an agent of a program says as it leaves: it is said before the next one has the call."""
RECOGNISING: Final = "recognising the caller"
SPEAKING: Final = "speaking"


def died_in(step: str, times: int) -> str:
    """Why a turn is given up in which the session died ``times`` in the same ``step``."""
    return f"the session died {times} times in the same step: {step}"


def n_bytes(*texts: Iterable[str]) -> int:
    """The length of all ``texts`` in UTF-8."""
    return sum(len(text.encode()) for part in texts for text in part)


class TurnSource(StrEnum):
    """Why the agent has the turn."""

    TEXT = "text"
    """The caller wrote."""
    AUDIO = "audio"
    """The caller spoke."""
    SAY = "say"
    """The program has the agent say something."""
    GENERATE_REPLY = "generate_reply"
    """The program has the model speak."""
    UNANSWERED = "unanswered"
    """The caller's last message got no reply, and what interrupted that was nothing."""
    GREETING = "greeting"
    REPEAT = "repeat"
    """Something of the caller's audio is lost: he is asked to say it again."""
    APOLOGY = "apology"
    """The turn before was given up."""
    FAREWELL = "farewell"
    """The call is given up."""


class AgentChange(StrEnum):
    """How another agent comes to have the call."""

    REPLACE = "replace"
    """In the place of the one that has it."""
    ENTER = "enter"
    """On top of it, until it is left: what has a task to do, and then gives the call back."""
    LEAVE = "leave"
    """The one on top is over: the one below it has the call again."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it is said, and as it is written, with the white space before it.

    None is what is written where nothing else was told: the sentence, after a blank if it is not the first of its text.
    """

    text: str
    written: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One answer of the model: text, sentence by sentence, and the tools that it asks for; ``ended`` once it is complete.

    ``space`` is what is written after the last sentence, white space as a rule. ``metrics`` are those of its item.
    """

    sentences: tuple[Sentence, ...] = ()
    calls: tuple[FunctionCall, ...] = ()
    ended: bool = False
    ended_wall_s: float = 0.0
    space: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def said(self) -> tuple[str, ...]:
        """The sentences as they are said."""
        return tuple(sentence.text for sentence in self.sentences)

    @property
    def text(self) -> str:
        """What is written, as one."""
        usual = (f" {text}" if number else text for number, text in enumerate(self.said))
        return "".join(words if one.written is None else one.written for one, words in zip(self.sentences, usual, strict=True)) + self.space


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the model is told of a tool call, and whether it is a failure.

    Without ``reply`` it need not be asked again for it. ``hands_off`` if the call is to be handed to an agent for it. ``detached`` if the
    tool goes on, and this is how far it was (see `DetachedRun`).
    """

    call_id: str
    result: str
    is_error: bool = False
    wall_s: float = 0.0
    reply: bool = True
    hands_off: bool = False
    detached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachedRun:
    """A tool that goes on although its call has an outcome: how far it was when it first told that. What it comes to is told later.

    ``turn_id`` and ``speech_id`` name the turn of its call, ``agents`` is how many agents stood below the one whose tool it is, ``updates``
    how often it has told how far it is. ``deaths`` counts the incarnations that ended meanwhile.
    """

    call: FunctionCall
    turn_id: str
    speech_id: str
    agents: int = 0
    updates: int = 1
    deaths: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Something that a detached run has told, which the history has under the id ``call_id`` and the caller was not told yet.

    ``final`` if it is what the run came to, ``agents`` as in `DetachedRun`.
    """

    call_id: str
    final: bool
    agents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnHandoff:
    """After so many ``rounds`` of a turn the call was handed on: the agents' names, and when."""

    rounds: int
    old_agent: str = ""
    new_agent: str
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How much of a reply was heard: whole ``sentences``, and the beginning ``tail`` of the next one."""

    sentences: int = 0
    tail: str = ""


def words_of(rounds: Iterable[Round]) -> str:
    """The text of ``rounds`` as one."""
    return " ".join(text for round_ in rounds if (text := round_.text.strip()))


def reply_id(turn_id: str, number: int) -> str:
    """The id of the item that the text of a turn's ``number``-th answer is in the history."""
    return f"{turn_id}.reply-{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The turn that is open: the caller's message and what the agent does about it, of which ``speech_id`` names what is heard.

    ``text`` is the caller's message that it answers. ``asked_wall_s`` is when the caller's turn ended (seconds since the epoch, for it may
    be answered after a reboot; 0: nobody asked), ``opened_wall_s`` when it was taken up. ``instructions`` are for this turn's model alone,
    and so are ``tools``, ``tool_choice`` and ``required_tool`` (see `GenerateReply`). Without ``allow_interruptions`` the caller's voice
    does not stop it. It is ``owner``'s (the id of an actor), and ends at ``deadline_wall_s`` at the latest (0: a journal of an earlier
    version tells of none). If it has ``audio`` the program gives that, for all of the text. Unless it is
    ``in_history`` what the agent says in it is told to nobody but the caller. ``metrics`` are those of the caller's message. ``starts``
    holds the position in the reply's audio at which each sentence that was begun starts. ``deaths`` are the steps in which incarnations
    ended within this turn, while the caller spoke it too. ``agents`` is how many agents stood below the one that had the call when it
    opened.

    ``hooked_wall_s`` is when the program's hook of the caller's turn had ended, or when the agent was given another history in the turn (0:
    neither): ``message`` is what the hook made of his words (None: nothing), ``context`` what the model is told in this turn in the place
    of the history until then (None: that), and ``dropped`` whether the turn is to be as if it had not been. Of a reply that the program
    asked for, ``context`` is the one that it gave (`has_own_context`).

    ``heard`` is how much of the reply was heard when it was suspended (None: it was not), also once it goes on; ``stopped_by`` is what
    stopped it before that or meanwhile: then it is over when it comes back. ``told`` are the ids of its items that were told while it was
    open, ``reported`` is how many rounds with calls had their outcomes told (`FunctionToolsExecuted`). ``reports`` are the ids of what
    detached runs have told, if the turn is there to tell the caller, ``meanwhile`` those of the items that they came to while it was open.
    """

    turn_id: str
    source: TurnSource
    text: str
    speech_id: str = ""
    command_id: str = ""
    asked_wall_s: float = 0.0
    opened_wall_s: float = 0.0
    instructions: str = ""
    allow_interruptions: bool = True
    tools: tuple[str, ...] | None = None
    tool_choice: ToolChoice = ToolChoice.AUTO
    required_tool: str = ""
    owner: str = ""
    deadline_wall_s: float = 0.0
    audio: bool = False
    in_history: bool = True
    metrics: Mapping[str, Any] = field(default_factory=dict, hash=False)
    rounds: tuple[Round, ...] = ()
    begun_calls: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    starts: tuple[int, ...] = ()
    deaths: tuple[str, ...] = ()
    handoffs: tuple[TurnHandoff, ...] = ()
    agents: int = 0
    hooked_wall_s: float = 0.0
    message: ChatMessage | None = None
    context: ChatContext | None = None
    dropped: bool = False
    heard: Heard | None = None
    stopped_by: InterruptedBy | None = None
    told: tuple[str, ...] = ()
    reported: int = 0
    reports: tuple[str, ...] = ()
    meanwhile: tuple[str, ...] = ()

    @property
    def has_own_context(self) -> bool:
        """Whether the program has said all that the model is told, instructions included."""
        return self.source is TurnSource.GENERATE_REPLY and self.context is not None and not self.hooked_wall_s

    @property
    def sentences(self) -> tuple[str, ...]:
        """The reply so far, over all rounds."""
        return tuple(sentence for round_ in self.rounds for sentence in round_.said)

    @property
    def words(self) -> str:
        """The reply so far, as it is written."""
        return words_of(self.rounds)

    @property
    def open_round(self) -> Round:
        """The round that the model is at: the last one, or a new one if that has ended."""
        return self.rounds[-1] if self.rounds and not self.rounds[-1].ended else Round()

    @property
    def waiting_calls(self) -> tuple[FunctionCall, ...]:
        """The calls that have no outcome yet, in their order."""
        known = {outcome.call_id for outcome in self.outcomes}
        return tuple(call for round_ in self.rounds for call in round_.calls if call.call_id not in known)

    @property
    def unreported(self) -> bool:
        """Whether the newest round is complete, with calls, and what they came to was not told."""
        return bool(self.rounds and self.rounds[-1].ended and self.rounds[-1].calls) and self.reported < self.rounds_with_calls

    @property
    def untold(self) -> bool:
        """Whether what it said before its tools was not told."""
        said = (reply_id(self.turn_id, number) for number, round_ in enumerate(self.rounds, 1) if round_.sentences and round_.calls)
        return any(reply not in self.told for reply in said)

    @property
    def rounds_with_calls(self) -> int:
        """How many rounds have asked for tools."""
        return sum(bool(round_.calls) for round_ in self.rounds)

    @property
    def began_wall_s(self) -> float:
        """When it began: with the end of the caller's, if he asked."""
        return max(LONG_AGO, self.asked_wall_s or self.opened_wall_s)

    @property
    def last_wall_s(self) -> float:
        """When something of it last ended."""
        return max(self.began_wall_s, *(round_.ended_wall_s for round_ in self.rounds), *(outcome.wall_s for outcome in self.outcomes), 0.0)

    @property
    def written(self) -> bool:
        """Whether nothing will be added to the reply: the model has ended, with no wish for tools, or for such as need no reply."""
        if not self.rounds or not self.rounds[-1].ended:
            return False
        outcomes = {outcome.call_id: outcome for outcome in self.outcomes}
        newest = [outcomes.get(call.call_id) for call in self.rounds[-1].calls]
        return all(outcome is not None and not outcome.reply for outcome in newest)

    @property
    def size(self) -> int:
        """What the model's part of it takes, in bytes: its text, its calls and their results."""
        calls = (text for round_ in self.rounds for call in round_.calls for text in (call.name, call.arguments))
        written = (text for round_ in self.rounds for text in (round_.space, *(one.written or "" for one in round_.sentences)))
        return n_bytes(self.sentences, written, calls, (outcome.result for outcome in self.outcomes))

    @property
    def step(self) -> str:
        """What it is at: a tool, a round of the model, a sentence of the program's, or speaking what was written."""
        if self.written:
            return SPEAKING
        if self.source is TurnSource.SAY:
            return f"sentence {len(self.sentences)} of what the program has it say"
        if self.waiting_calls:
            return f"the tool {self.waiting_calls[0].name}"
        return f"round {1 + sum(round_.ended for round_ in self.rounds)} of the model"

    @property
    def failure(self) -> str:
        """Why it is given up; empty if it is not."""
        for step, times in Counter(self.deaths).most_common(1):
            if times >= MAX_DEATHS_IN_STEP:
                return died_in(step, times)
        return f"the session died {len(self.deaths)} times in it" if len(self.deaths) >= MAX_DEATHS else ""

    @property
    def failed(self) -> bool:
        """Whether it is given up."""
        return bool(self.failure)

    @property
    def user_text(self) -> str:
        """The caller's message; empty where the agent speaks by itself."""
        if self.message is not None:
            return self.message.text
        return self.text if self.source in (TurnSource.TEXT, TurnSource.AUDIO, TurnSource.GENERATE_REPLY) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSpeech:
    """The caller speaks, or did and is not understood yet: his turn begins at the sample ``start``.

    ``deaths`` counts the incarnations that ended meanwhile.
    """

    start: int
    deaths: int = 0

    @property
    def failed(self) -> bool:
        """Whether it is given up."""
        return self.deaths >= MAX_DEATHS_IN_STEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A command that waits to be acted on; ``position`` is the caller's audio (in samples) that came before it.

    ``speech_id`` names what it has the agent say (empty: nothing of its own), by ``deadline_wall_s`` at the latest (0: no limit).
    ``owner`` is who sent it.
    """

    command: SessionCommand
    position: int
    speech_id: str = ""
    owner: str = ""
    deadline_wall_s: float = 0.0

    @property
    def command_id(self) -> str:
        """The caller's id for it."""
        return self.command.command_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What became of a command that had the agent speak, once its speech is over, and the ids of the ``items`` it left in the history.

    ``items`` are as many as `ITEMS_OF_SPEECH`, the newest.
    """

    command_id: str
    speech_id: str
    outcome: SpeechOutcome = SpeechOutcome.COMPLETED
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A call's past, as the journal tells it.

    ``last_end`` is why the incarnation before this one ended, if it could say so, and ``ended_cleanly`` whether it was asked to.
    ``suspended`` are turns that wait for their tools while others are open, the oldest first. ``detached`` are tools that go on without a
    turn, the oldest first, and ``reports`` what the caller is to be told of them. ``turns``, ``speeches`` and ``calls`` count
    what was numbered. ``seen`` are the ids of commands that were accepted, ``spoken`` what became of those whose speech is over, ``facts``
    what the program has kept (JSON by key). ``heard_until`` is the sample up to which the caller's audio is settled. ``agent`` is the agent
    that the call was handed to, as it travels (JSON; empty: the one it began with), and ``agents`` are those below it, to which it is given
    back. ``handing_to`` is the one that it is about to be handed to, and ``handing_deaths`` counts the incarnations that ended meanwhile
    between two turns. ``instructions`` are those that a program has given the agent (None: none). ``summarising`` is the last of the items
    that are being summed up (empty: none are), and ``summary_deaths`` counts the incarnations that ended meanwhile. ``ending`` is the
    reason once the call shall end, ``closed`` whether it has. ``usage`` is what its models were used for so far. ``unknown`` are entries
    that this version or one before it did not know.
    """

    incarnation: int = 0
    last_end: str = ""
    ended_cleanly: bool = False
    history: ChatContext = EMPTY
    turn: Turn | None = None
    suspended: tuple[Turn, ...] = ()
    detached: tuple[DetachedRun, ...] = ()
    reports: tuple[Report, ...] = ()
    turns: int = 0
    speeches: int = 0
    calls: int = 0
    inbox: tuple[Accepted, ...] = ()
    seen: tuple[str, ...] = ()
    spoken: tuple[Spoken, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    caller: CallerSpeech | None = None
    heard_until: int = 0
    user_data_json: str = "{}"
    agent: str = ""
    instructions: str | None = None
    agents: tuple[str, ...] = ()
    known: ChatContext | None = None
    known_below: tuple[ChatContext, ...] = ()
    handing_to: str = ""
    handing_deaths: int = 0
    summarising: str = ""
    summary_deaths: int = 0
    ending: str = ""
    closed: bool = False
    next_event: int = 1
    usage: tuple[ModelUsage, ...] = ()
    unknown: tuple[object, ...] = ()

    @property
    def entered(self) -> bool:
        """Whether an agent has entered in the newest suspended turn, and has the conversation until it leaves."""
        return bool(self.suspended) and len(self.agents) > self.suspended[-1].agents

    @property
    def open_turns(self) -> tuple[Turn, ...]:
        """The turns that go on: those that are suspended, the oldest first, and the one that is open."""
        return self.suspended if self.turn is None else (*self.suspended, self.turn)

    @property
    def unanswered(self) -> bool:
        """Whether the last word in the history is the caller's."""
        last = self.history.items[-1] if self.history.items else None
        return isinstance(last, ChatMessage) and last.role is Role.USER


def new_speech_id(memory: Memory) -> str:
    """The id of the next thing that the agent says."""
    return f"speech-{memory.speeches + 1}"


def turn_of_call(memory: Memory, call_id: str) -> Turn | None:
    """The turn, open or suspended, whose model made this call; None if there is none any more."""
    return next((turn for turn in memory.open_turns for round_ in turn.rounds for call in round_.calls if call.call_id == call_id), None)
