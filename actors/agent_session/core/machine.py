"""The conversation: `begin` makes its state, `handle` what becomes of it. Pure; the shell performs the effects, in order."""

from typing import assert_never

from actors.agent_session.core import caller, commands, durability, interruption, speech, subscribers, thinking, tools, turns
from actors.agent_session.core.closing import close_call_if_due
from actors.agent_session.core.effects import Effect
from actors.agent_session.core.inputs import (
    AudioCommitted,
    AudioLost,
    CommandArrived,
    HearingFailed,
    InfoAsked,
    Input,
    JournalFailed,
    JournalRecovered,
    JournalRetryDue,
    RecognitionFailed,
    Recognized,
    RetryDue,
    RoundFinished,
    SentencePlayed,
    SentencePlaying,
    SentenceReady,
    SpeechFailed,
    SpeechStopped,
    SubscribersAwaited,
    SubscriptionAsked,
    SubscriptionEnded,
    ThinkingFailed,
    ToolFinished,
    VoiceBegan,
    VoiceEnded,
    VoiceLasted,
)
from actors.agent_session.core.replay import Past
from actors.agent_session.core.restart import ResumePoint, begin_incarnation
from actors.agent_session.core.state import SessionConfig, State
from actors.agent_session.core.transition import Moment, Transition
from protocols import ConversationState


def begin(setup: SessionConfig, past: Past, incarnation: int, point: ResumePoint, now: Moment) -> tuple[State, tuple[Effect, ...]]:
    """The incarnation ``incarnation`` of a call with this past: its state, and what is to be done first."""
    step = begin_incarnation(setup, past, incarnation, point, now)
    _advance(step)
    return step.result()


def handle(state: State, what: Input, now: Moment) -> tuple[State, tuple[Effect, ...]]:
    """The state after ``what``, and what is to be done, in order."""
    step = Transition(state, now)
    _react(step, what)
    _advance(step)
    return step.result()


def _react(step: Transition, what: Input) -> None:  # noqa: C901, PLR0912, PLR0915 - one case for each input
    match what:
        case CommandArrived():
            commands.on_command(step, what)
        case SubscriptionAsked():
            subscribers.on_subscribe(step, what)
        case SubscriptionEnded():
            subscribers.on_unsubscribe(step, what)
        case InfoAsked():
            subscribers.on_info(step, what)
        case SubscribersAwaited():
            subscribers.on_awaited(step)
        case VoiceBegan():
            caller.on_began(step, what)
        case VoiceLasted():
            caller.on_lasted(step)
        case VoiceEnded():
            caller.on_ended(step, what)
        case HearingFailed():
            caller.on_hearing_failed(step, what)
        case AudioCommitted():
            caller.on_committed(step, what)
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
        case RetryDue():
            thinking.on_retry(step, what)
        case ToolFinished():
            tools.on_finished(step, what)
        case SentencePlaying():
            speech.on_playing(step, what)
        case SentencePlayed():
            speech.on_played(step, what)
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
    while not step.memory.closed and _moved(step):
        pass


def _moved(step: Transition) -> bool:
    state = step.state
    match state.phase:
        case ConversationState.IDLE:
            return close_call_if_due(step) or caller.listen_or_recognize(step) or commands.take_up(step)
        case ConversationState.LISTENING:
            return close_call_if_due(step) or caller.listen_or_recognize(step)
        case ConversationState.PROCESSING:
            return False
        case ConversationState.INTERRUPTED:
            return caller.listen_while_held(step) if state.held else interruption.settle_if_known(step)
        case ConversationState.THINKING | ConversationState.TOOL_EXECUTION | ConversationState.RESPONDING | ConversationState.SPEAKING:
            if state.utterance is None or not state.utterance.counts or state.interruption is not None or not step.turn.allow_interruptions:
                return False
            if interruption.may_be_false(step):
                interruption.hold(step)
            else:
                interruption.interrupt(step)
            return True
    assert_never(state.phase)
