"""A session's state as the core holds it: its memory, which survives, and what is true of this incarnation only.

How it works. `State` is all that `machine.handle` is given and gives back; it is frozen, and each step makes a new one. ``memory`` is what
the journal's entries come to, the same in each incarnation, and changes by entries alone. ``setup`` is what the session was told at its
start. Everything else begins anew with an incarnation: who listens, what is awaited, how far the speech is heard. So what must not be lost
belongs into the memory, and what follows from other fields is no field but a property (`State.phase`).

Work that the shell does for the core (asking the model, loading an agent, running the hook) has a number each, out of one counter. The
number of what is awaited stands in its field, and 0 means that nothing is; an answer with another number is of something that was given up,
and is dropped.

The smaller classes are parts of the state, in the order of a turn: what the caller says now (`Utterance`), how a turn opens (`Opening`),
how one is stopped (`Interruption`), an agent that is wanted (`Wanted`), what is answered ahead (`Guess`), what is measured (`Measures`),
and what is known of a turn that is suspended (`Aside`).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from actors.agent_session.core.effects import Think
from actors.agent_session.core.entries import Happened, StoredEvent
from actors.agent_session.core.inputs import Input, ToolsChanged
from actors.agent_session.core.memory import AgentChange, Heard, Memory, Sentence, TurnSource
from actors.turn_taking import EndedBy, MuteStrategy
from protocols import (
    DEFAULT_TOKENS,
    AgentState,
    ChatContext,
    ConversationState,
    FunctionCall,
    InterruptedBy,
    ModelUsage,
    Ref,
    TokenEstimator,
    ToolChoice,
    UserState,
    conversation_state,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """What a session is told at its start; only a hand-off changes what is the agent's. ``agent`` is its name.

    ``tools`` are the names of the agent's tools in its order, ``idempotent`` of those that may be run again. ``audio_in`` and ``voice``
    tell whether the call has audio in and out; ``voice_rate_hz`` is the rate of the latter. ``by_hand`` if only a command ends the
    caller's turns. With ``resume_false_interruption`` a reply
    that the caller speaks over is held, and goes on if he said nothing that counts in his ``language``, or fewer than
    ``min_interruption_words``. With ``preemptive_generation`` the model is asked before it is sure that his turn is over.
    ``mute`` says when he is not listened to.
    ``max_context_tokens`` is the budget of what the model is told, as ``tokens`` estimates it (0: none, see `summary`).
    ``farewell_reason`` is why this incarnation is only to say ``farewell`` and end the call (empty: it is not). ``subscribers_wait_s`` is
    how long a new incarnation waits for somebody who listens before it speaks. ``models`` names the providers, one for each kind.
    With a ``program`` the agent is user code, which is told every event, and speaks by itself where it takes up the call. With
    ``context`` its agent does not know all of the conversation, but that and what comes. With
    ``parallel_tools`` the tools that the model asks for at a time run at a time. With a ``turn_hook`` the program sees what the caller says
    before the model does. ``max_tool_rounds`` are the answers of the model that may ask for tools; a program's has one more (as
    `max_tool_steps` of LiveKit Agents), and is then told to call none.
    """

    call_id: str
    agent: str = "agent"
    instructions: str = ""
    greeting: str = ""
    apology: str = "I am sorry, something went wrong with that. Please go on."
    repeat: str = "I am sorry, I did not hear all of that. Could you say it again?"
    farewell: str = "I am sorry, a technical problem ends this call. Please call again."
    farewell_reason: str = ""
    tools: tuple[str, ...] = ()
    idempotent: frozenset[str] = frozenset()
    audio_in: bool = False
    by_hand: bool = False
    voice: bool = False
    voice_rate_hz: int = 0
    max_tool_rounds: int = 8
    max_context_tokens: int = 0
    tokens: TokenEstimator = DEFAULT_TOKENS
    language: str = "en"
    resume_false_interruption: bool = True
    min_interruption_words: int = 0
    preemptive_generation: bool = True
    mute: frozenset[MuteStrategy] = frozenset()
    subscribers_wait_s: float = 2.0
    program: bool = False
    context: ChatContext | None = None
    parallel_tools: bool = False
    turn_hook: bool = False
    os_pid: int = 0
    journal_path: str = ""
    models: tuple[ModelUsage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Somebody who gets the events, and the audio if ``audio``."""

    ref: Ref
    audio: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What the caller says now, from the sample ``start``; ``end`` is None while he speaks.

    ``over_speech`` if it began while the agent was heard: then it interrupts only once it ``lasted``. ``given_up`` if it killed
    incarnations: what is left of it is not recognised. ``muted`` if the caller was not to be listened to when it began. ``echo`` if it may
    be the agent's own voice, ``own_words`` if words are understood in it meanwhile that are not the agent's. ``began_s`` is when it was
    noticed, ``ended_by`` what ended it, ``interim`` what was told last of its words, at
    ``understood_s``. Without ``reply`` it is kept in the history, and not answered.
    """

    start: int
    over_speech: bool
    given_up: bool = False
    muted: bool = False
    lasted: bool = False
    echo: bool = False
    own_words: bool = False
    end: int | None = None
    ended_s: float = 0.0
    began_s: float = 0.0
    ended_by: EndedBy = EndedBy.SILENCE
    interim: str = ""
    understood_s: float = 0.0
    reply: bool = True

    @property
    def ignored(self) -> bool:
        """Whether it was a short word under the agent's speech (a backchannel, a cough): nobody's turn."""
        return self.end is not None and self.over_speech and not self.lasted

    @property
    def counts(self) -> bool:
        """Whether it takes the turn from the agent."""
        return not self.muted and (self.lasted or (self.end is not None and not self.over_speech))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a turn opens: why, for which message of the caller's (``text``) or command, and how it may go on.

    The caller's turn ended at ``asked_s`` (monotonic seconds; None: nobody asked), and in audio at the sample ``heard_until`` (0: it was no
    audio). ``speech_id`` is that of a speech that waited (empty: it gets one now); the rest is as in `Turn`, where an empty ``owner`` is
    the session, and a ``deadline_wall_s`` of 0 the usual one.
    """

    source: TurnSource
    text: str = ""
    speech_id: str = ""
    command_id: str = ""
    asked_s: float | None = None
    heard_until: int = 0
    instructions: str = ""
    allow_interruptions: bool = True
    tools: tuple[str, ...] | None = None
    tool_choice: ToolChoice = ToolChoice.AUTO
    required_tool: str = ""
    owner: str = ""
    deadline_wall_s: float = 0.0
    audio: bool = False
    in_history: bool = True
    context: ChatContext | None = None
    speech_s: float = 0.0
    understood_s: float = 0.0
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """The agent's turn is being stopped; ``heard`` is None until it is known how far the reply got. What opens ``after`` it, if known."""

    by: InterruptedBy
    heard: Heard | None
    after: Opening | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An agent that the program wants (see `AgentWanted`), or, without a ``request``, one that is left after a death."""

    request: int
    agent: str
    change: AgentChange
    levels: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The model's answer so far to a ``question`` that is not due yet; ``calls`` is None until that has ended.

    It is of ``text``, which the caller may have said if his turn is over, or of what the tools of the suspended turn ``turn_id`` came to:
    then it may wait to be asked (its token is 0), and is asked again when it is due if it ``failed``.
    """

    question: Think
    text: str = ""
    turn_id: str = ""
    failed: bool = False
    sentences: tuple[Sentence, ...] = ()
    calls: tuple[FunctionCall, ...] | None = None
    space: str = ""

    @property
    def asked(self) -> bool:
        """Whether the model was asked."""
        return self.question.token != 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMeasures:
    """Of the answer that is being made (see `item_metrics`): monotonic seconds, None for what has not happened.

    ``first`` is the index of its first sentence, which was ``written_s``, then ``made_s`` by the voice, ``made_after_s`` the voice was
    asked, and ``heard_s``. ``caller_waited_s`` is the time from when the caller had spoken until then, if it answers him.
    """

    first: int | None = None
    asked_s: float | None = None
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    written_s: float | None = None
    made_s: float | None = None
    made_after_s: float | None = None
    heard_s: float | None = None
    heard_wall_s: float = 0.0
    caller_waited_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Of the open turn: monotonic seconds, None for what has not happened in this incarnation.

    ``asked_s`` is when the model was asked last, ``rounds`` how many answers it gave. ``used`` is what is not told of yet.
    """

    opened_s: float | None = None
    asked_s: float | None = None
    rounds: int = 0
    first_token_s: float | None = None
    first_audio_s: float | None = None
    heard_s: float | None = None
    used: tuple[ModelUsage, ...] = ()
    answer: AnswerMeasures = AnswerMeasures()


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What this incarnation knows of a suspended turn, as it was when that was open, and what opens ``after`` it, if known."""

    turn_id: str
    after: Opening | None = None
    asked_s: float | None = None
    measures: Measures = Measures()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that the core knows.

    ``entries`` counts what was journalled from the last checkpoint on. ``token`` is the last one given out; ``thinking``, ``asking``,
    ``loading``, ``hooking``, ``summarising`` and ``recognizing`` are those of the work that is awaited (0: none). ``expected`` are
    sentences that the model wrote before and has to repeat first. ``running`` are the calls that run, those of detached runs among them;
    ``awaiting_detached`` is whether the end of the call waits for these. ``gathering`` is whether what was told of them waits for what may
    follow at once. ``floor`` are the requests of those who want the floor, the first of whom has it if it is ``floor_held``. ``wanted`` are
    the agents that wait to be loaded, and ``changing`` is the one of them that is. ``tools_changed`` are those that the agent has from its
    next turn on. ``played`` counts the sentences of the reply that were heard to their end. ``owed`` is whether the caller interrupted
    before anything answered him. ``output_open`` once speech may be heard. ``asked_s`` is when the caller's turn ended that the open one
    answers (monotonic seconds; None: nobody asked, or it was in another incarnation). ``unanswered_s`` is when the caller ended who has
    heard nothing since (None: he has). ``nothing_said`` if nothing was in what was ended last of his turns by hand, and is not to be
    answered. ``later`` is what is to be known of the caller's voice once his turn before that is understood, which reached its limit.
    ``held`` is whether the reply is held until it is known whether the caller means to interrupt it. ``playing`` once this incarnation was
    heard to say some of the reply, up to the sample ``heard_to`` of it. ``guess`` is what the model was asked ahead, ``guesses`` how often
    that was tried in a turn of the caller's. ``alarm_s`` is when the deadline of a speech comes next (monotonic seconds; None: no timer
    waits for one). ``measures`` are of the open turn, ``aside`` is what is known of those that are suspended. ``data_refused`` while the
    call's data is too large to be kept. ``voice_fails`` from a sentence that could not be made audible until one is; ``as_text`` while the
    open turn's sentences are told instead of spoken.
    """

    setup: SessionConfig
    memory: Memory
    log: tuple[Happened | StoredEvent, ...] = ()
    user: UserState = UserState.LISTENING
    agent: AgentState = AgentState.INITIALIZING
    subscribers: tuple[Subscriber, ...] = ()
    utterance: Utterance | None = None
    later: tuple[Input, ...] = ()
    interruption: Interruption | None = None
    held: bool = False
    playing: bool = False
    heard_to: int = 0
    entries: int = 0
    token: int = 0
    thinking: int = 0
    asking: int = 0
    summarising: int = 0
    loading: int = 0
    recognizing: int = 0
    expected: tuple[str, ...] = ()
    hooking: int = 0
    running: frozenset[str] = frozenset()
    awaiting_detached: bool = False
    gathering: bool = False
    floor: tuple[int, ...] = ()
    floor_held: bool = False
    wanted: tuple[Wanted, ...] = ()
    changing: Wanted | None = None
    tools_changed: ToolsChanged | None = None
    played: int = 0
    owed: bool = False
    output_open: bool = False
    voice_fails: bool = False
    as_text: bool = False
    journal_failures: int = 0
    data_refused: bool = False
    asked_s: float | None = None
    unanswered_s: float | None = None
    nothing_said: bool = False
    guess: Guess | None = None
    guesses: int = 0
    alarm_s: float | None = None
    measures: Measures = Measures()
    aside: tuple[Aside, ...] = ()

    @property
    def states(self) -> "States":
        """What is told of it when it changes."""
        return States(user=self.user, agent=self.agent, conversation=self.phase)

    @property
    def phase(self) -> ConversationState:
        """The conversation in one word; it follows from all the rest."""
        turn = self.memory.turn
        return conversation_state(
            self.user,
            self.agent,
            tools_run=turn is not None and bool(turn.waiting_calls),
            words_stand=turn is not None and (turn.written or bool(turn.open_round.sentences)),
        )


class States(NamedTuple):
    """Where the caller, the agent, and with them the conversation are."""

    user: UserState
    agent: AgentState
    conversation: ConversationState


AT_REST: Final = States(UserState.LISTENING, AgentState.LISTENING, ConversationState.IDLE)
"""Where an incarnation is taken to begin: only what differs is told."""
