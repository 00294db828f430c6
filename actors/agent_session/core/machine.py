"""The conversation: `begin` makes its state, `handle` what becomes of it. Pure; the shell performs the effects, in order.

How it works. One input is handled at a time, in two halves. `_react` does what the input itself means: a table from each kind of input to
the function of the module whose matter it is. `_advance` then does whatever follows from the new state alone, step by step, until nothing
does: take the next turn, go on with tools, begin an interruption that is due. So nothing has to remember what it was about to do, and a
state that was restored from the journal goes on by itself, by the same rules. Each step is told (`Transition.tell_changes`) before the
next, so that whoever listens sees every state.

What the caller's voice does while his turn before that is still being understood waits (``later``), and is handled within the same call as
if it came now. Last come the summary of a long history, if one is due, and the timers of what has a deadline.

A `Transition` gathers entries for the journal and effects, in one order; an effect that the world may see only after an entry stands behind
it there. No function here waits, reads a clock or draws a number: time comes with the input, and what is awaited comes back as one.
"""

from typing import assert_never

from actors.agent_session.core import (
    caller,
    commands,
    deadlines,
    detached,
    durability,
    facts,
    floor,
    hand_off,
    hook,
    interruption,
    playback,
    speech,
    subscribers,
    summary,
    suspension,
    thinking,
    tool_reply,
    tools,
    turns,
)
from actors.agent_session.core.closing import close_call_if_due
from actors.agent_session.core.effects import Effect
from actors.agent_session.core.inputs import (
    AgentFailed,
    AgentReady,
    AgentWanted,
    AudioCommitted,
    AudioLost,
    CommandArrived,
    FactTold,
    HookEnded,
    InfoAsked,
    Input,
    InterimTranscript,
    JournalFailed,
    JournalRecovered,
    JournalRetryDue,
    PartReported,
    PreflightTranscript,
    ProgramFailed,
    QuestionOnItsWay,
    RecognitionFailed,
    Recognized,
    RetryDue,
    RoundFinished,
    SentenceMade,
    SentencePlayed,
    SentencePlaying,
    SentenceReady,
    SpeechFailed,
    SpeechHeard,
    SpeechOverdue,
    SpeechPaused,
    SpeechResumed,
    SpeechStopped,
    SubscribersAwaited,
    SubscriptionAsked,
    SubscriptionEnded,
    Summarised,
    SummaryFailed,
    ThinkingFailed,
    ToolFinished,
    ToolsChanged,
    TurnPredicted,
    UserDataChanged,
    VoiceBegan,
    VoiceEnded,
    VoiceLasted,
)
from actors.agent_session.core.replay import Past
from actors.agent_session.core.restart import ResumePoint, begin_incarnation
from actors.agent_session.core.state import AT_REST, SessionConfig, State
from actors.agent_session.core.tool_inputs import DetachedOverdue, FloorAsked, FloorReleased, ReportsGathered, ToolProgressed
from actors.agent_session.core.transition import Moment, Transition
from protocols import AgentState, EndOfTurnPredicted, SessionError


def begin(setup: SessionConfig, past: Past, incarnation: int, point: ResumePoint, now: Moment) -> tuple[State, tuple[Effect, ...]]:
    """The incarnation ``incarnation`` of a call with this past: its state, and what is to be done first."""
    step = begin_incarnation(setup, past, incarnation, point, now)
    step.tell_changes(AT_REST)
    summary.summarise_again(step)
    _advance(step)
    summary.summarise_if_due(step)
    deadlines.wait_for(step, deadlines.deadlines_of(step.state))
    return step.result()


def handle(state: State, what: Input, now: Moment) -> tuple[State, tuple[Effect, ...]]:
    """The state after ``what``, and what is to be done, in order."""
    step = Transition(state, now)
    _react(step, what)
    step.tell_changes(state.states)
    _advance(step)
    while (later := caller.take_later(step)) is not None:
        before = step.state.states
        _react(step, later)
        step.tell_changes(before)
        _advance(step)
    if step.memory.history is not state.memory.history:
        summary.summarise_if_due(step)
    deadlines.wait_for(step, deadlines.deadlines_of(step.state) - deadlines.deadlines_of(state))
    return step.result()


def _react(step: Transition, what: Input) -> None:  # noqa: C901, PLR0912, PLR0915 - one case for each input
    match what:
        case CommandArrived():
            commands.on_command(step, what)
        case FactTold():
            facts.on_told(step, what)
        case UserDataChanged():
            facts.on_user_data(step, what)
        case ProgramFailed(text=text):
            step.publish(SessionError(source="program", text=text, retryable=False))
        case SubscriptionAsked():
            subscribers.on_subscribe(step, what)
        case SubscriptionEnded():
            subscribers.on_unsubscribe(step, what)
        case InfoAsked():
            subscribers.on_info(step, what)
        case SpeechOverdue():
            deadlines.on_overdue(step)
        case SubscribersAwaited():
            subscribers.on_awaited(step)
        case VoiceBegan() | VoiceLasted() | VoiceEnded() if caller.waits(step, what):
            pass
        case VoiceBegan():
            caller.on_began(step, what)
        case VoiceLasted():
            caller.on_lasted(step, what)
        case VoiceEnded():
            caller.on_ended(step, what)
        case AudioCommitted():
            caller.on_committed(step, what)
        case InterimTranscript():
            caller.on_interim(step, what)
        case PreflightTranscript():
            caller.on_preflight(step, what)
        case Recognized():
            caller.on_recognized(step, what)
        case RecognitionFailed():
            caller.on_recognition_failed(step, what)
        case AudioLost():
            caller.on_audio_lost(step, what)
        case SentenceReady():
            thinking.on_sentence(step, what)
        case RoundFinished():
            turns.on_round(step, what)
        case ThinkingFailed():
            thinking.on_failed(step, what)
        case Summarised():
            summary.on_summarised(step, what)
        case SummaryFailed():
            summary.on_failed(step, what)
        case QuestionOnItsWay():
            tool_reply.on_its_way(step, what)
        case RetryDue():
            thinking.on_retry(step, what)
        case ToolFinished():
            for arrived in what.commands:
                commands.on_command(step, arrived)
            if not detached.on_finished(step, what):
                tools.on_finished(step, what)
        case ToolProgressed():
            detached.on_progressed(step, what)
        case DetachedOverdue():
            detached.on_overdue(step)
        case ReportsGathered():
            detached.on_gathered(step)
        case FloorAsked():
            floor.on_asked(step, what)
        case FloorReleased():
            floor.on_released(step, what)
        case AgentWanted():
            hand_off.on_wanted(step, what)
        case ToolsChanged():
            hand_off.on_tools(step, what)
        case HookEnded():
            hook.on_ended(step, what)
        case AgentReady():
            hand_off.on_ready(step, what)
        case AgentFailed():
            hand_off.on_failed(step, what)
        case PartReported(event=event):
            speech.on_part(step, event)
        case TurnPredicted(probability=probability, threshold=threshold):
            step.publish(EndOfTurnPredicted(probability=probability, threshold=threshold))
        case SentenceMade():
            speech.on_made(step, what)
        case SentencePlaying():
            speech.on_playing(step, what)
        case SentencePlayed():
            speech.on_played(step, what)
        case SpeechHeard():
            playback.on_heard(step, what)
        case SpeechPaused():
            playback.on_paused(step, what)
        case SpeechResumed():
            playback.on_resumed(step, what)
        case SpeechStopped():
            interruption.on_stopped(step, what)
        case SpeechFailed():
            interruption.on_failed(step, what)
        case JournalFailed():
            durability.on_failed(step, what)
        case JournalRetryDue():
            durability.on_retry(step)
        case JournalRecovered():
            durability.on_recovered(step)
        case _:
            assert_never(what)


def _advance(step: Transition) -> None:
    """Whatever follows from the state alone, until nothing does. So a restored state goes on by itself."""
    while not step.memory.closed:
        before = step.state.states
        hand_off.load_if_due(step)
        tool_reply.answer_ahead(step)
        if not _moved(step) or step.memory.closed:  # nothing is told behind the end of the call
            return
        step.tell_changes(before)


def _moved(step: Transition) -> bool:
    state = step.state
    match state.agent:
        case AgentState.LISTENING:
            if step.setup.program and state.loading:
                return commands.take_up(step, leaving=True)  # who has the call next is about to be known
            if detached.settle_left(step):
                return True
            if state.memory.suspended:
                return suspension.go_on(step) or floor.grant_if_due(step)
            return not state.recognizing and (_closed(step) or caller.understand(step) or commands.take_up(step) or _went_on(step))
        case AgentState.THINKING | AgentState.SPEAKING:
            if interruption.begin_if_due(step) or tools.report_if_due(step) or suspension.suspend_if_due(step):
                return True
            return turns.go_on_if_due(step) or caller.understand_echo(step) or floor.grant_if_due(step)
        case AgentState.PAUSED:
            if state.held:
                return caller.listen_while_held(step)
            return interruption.settle_if_known(step) or suspension.suspend_if_due(step) or floor.grant_if_due(step)
        case AgentState.INITIALIZING | AgentState.CLOSING:
            return False
    assert_never(state.agent)


def _closed(step: Transition) -> bool:
    """Close the call if that is due; tells whether it is."""
    return not detached.holds_the_end(step) and close_call_if_due(step)


def _went_on(step: Transition) -> bool:
    """Nobody wants the turn: the detached runs have it."""
    return detached.answer_if_due(step) or floor.grant_if_due(step)
