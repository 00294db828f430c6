"""The caller's voice: when it is his turn, and what becomes of it.

Speech that began while the agent was heard takes the turn only once it lasts (`inputs.VoiceLasted`); a short word under the agent's
speech is no turn. Speech that goes on after a pause, before the words before it were understood, is one turn with them; after a turn that
reached its limit it is another, and waits for that one.
"""

from dataclasses import replace
from typing import Final

from actors.agent_session.core import preemption
from actors.agent_session.core.added_items import tell_added
from actors.agent_session.core.closing import close_turn
from actors.agent_session.core.effects import Heed, Recognize, Settle
from actors.agent_session.core.entries import CallerBegan, CallerDropped, CallerKept
from actors.agent_session.core.inputs import (
    AudioCommitted,
    AudioLost,
    Input,
    InterimTranscript,
    PreflightTranscript,
    RecognitionFailed,
    Recognized,
    VoiceBegan,
    VoiceEnded,
    VoiceLasted,
)
from actors.agent_session.core.interruption import resume, stop_held, tell_overlap
from actors.agent_session.core.item_metrics import caller_metrics
from actors.agent_session.core.measures import STT, model_used
from actors.agent_session.core.memory import Heard, TurnSource
from actors.agent_session.core.preemption import drop_guess
from actors.agent_session.core.speech import audible
from actors.agent_session.core.state import Opening, Utterance
from actors.agent_session.core.transition import Transition
from actors.agent_session.core.turns import say_prepared, take_turn
from actors.turn_taking import EndedBy, count_words, is_back_channel, is_interruption, is_muted, repeats
from protocols import (
    SESSION_RATE_HZ,
    AgentState,
    CommandDone,
    CommitAudio,
    InternalError,
    ModelUsage,
    Role,
    SessionError,
    UserEvent,
    UserInputSettled,
    UserInputTranscribed,
    UserMessage,
    UserSpeechEnded,
    UserSpeechStarted,
    UserTranscriptionTimeout,
    UserTurnCommitted,
    UserTurnExceeded,
)

SAME_START: Final = SESSION_RATE_HZ
"""Samples within which a new incarnation may find the beginning of speech elsewhere than the one before: it is still the same speech."""

SAMPLES_PER_MS: Final = SESSION_RATE_HZ // 1000


OWN_WORDS: Final = 2
"""Interim words that are not the agent's, from which on they are the caller's: a single one may be what is left of an echo."""

MAX_LATER: Final = 64
"""Inputs that wait for a turn which reached its limit; who begins to speak once more has one turn with it after all."""


def waits(step: Transition, voice: VoiceBegan | VoiceLasted | VoiceEnded) -> bool:
    """Whether this is of the caller's next turn, and to be known later: the one before reached its limit, and is not understood yet."""
    if not _exceeded(step):
        return False
    full = isinstance(voice, VoiceBegan) and len(step.state.later) >= MAX_LATER
    step.state = replace(step.state, later=() if full else (*step.state.later, voice))
    return not full


def take_later(step: Transition) -> Input | None:
    """The oldest of what waited to be known, once it may be."""
    if _exceeded(step) or not step.state.later:
        return None
    first, *rest = step.state.later
    step.state = replace(step.state, later=tuple(rest))
    return first


def on_began(step: Transition, began: VoiceBegan) -> None:
    """The caller speaks, or goes on."""
    before = step.state.utterance
    step.state = replace(step.state, nothing_said=False)
    step.publish(UserSpeechStarted(position_ms=began.start // SAMPLES_PER_MS))
    if before is None:
        utterance = Utterance(start=began.start, over_speech=audible(step.state), muted=_muted(step), began_s=step.now.monotonic_s)
        step.state = replace(step.state, utterance=utterance)
    else:
        step.state = replace(step.state, utterance=replace(before, end=None))
    step.move_user(UserEvent.SPEECH_STARTED)
    caller = step.memory.caller
    if caller is None or (before is None and began.start >= caller.start + SAME_START):
        step.record(CallerBegan(start=began.start))
    if step.state.utterance is None or not step.state.utterance.muted:
        step.then(Heed(start=began.start))  # what is recognised may kill this incarnation, and the next one has to know of it
    step.state = replace(step.state, recognizing=0)  # of half a turn
    drop_guess(step)


def on_lasted(step: Transition, lasted: VoiceLasted) -> None:
    """He has spoken long enough to interrupt."""
    if step.state.utterance is not None:
        step.state = replace(step.state, utterance=replace(step.state.utterance, lasted=True, echo=lasted.echo))


def on_ended(step: Transition, ended: VoiceEnded) -> None:
    """He has stopped speaking."""
    if step.state.utterance is None:
        return
    committed = next((accepted.command for accepted in step.memory.inbox if isinstance(accepted.command, CommitAudio)), None)
    by = EndedBy.COMMIT if committed is not None else ended.by
    utterance = replace(step.state.utterance, end=ended.end, ended_s=ended.ended_s, ended_by=by)
    step.state = replace(step.state, utterance=utterance)
    step.publish(UserSpeechEnded(position_ms=ended.end // SAMPLES_PER_MS))
    step.move_user(UserEvent.SPEECH_ENDED)
    if utterance.over_speech and step.memory.turn is not None and not step.turn.allow_interruptions and not utterance.muted:
        tell_overlap(step, "", "queued")
    if committed is not None and committed.discard:
        forget_ended(step)
        return
    if committed is not None and not committed.reply:
        keep_ended(step)
    over_turn = step.state.agent is not AgentState.LISTENING and step.state.interruption is None
    if utterance.muted or (utterance.ignored and over_turn):
        _drop(step, ended.end)


def forget_ended(step: Transition) -> None:
    """What the caller has said and is not understood yet counts for nothing; but what holds a reply is to be understood all the same."""
    utterance = step.state.utterance
    if utterance is not None and utterance.end is not None and not step.state.held:
        _nothing(step)


def keep_ended(step: Transition) -> None:
    """What the caller has said and is not understood yet is not to be answered, but kept in the history."""
    utterance = step.state.utterance
    if utterance is not None and utterance.end is not None and not step.state.held:
        step.state = replace(step.state, utterance=replace(utterance, reply=False))
        drop_guess(step)


def understand(step: Transition) -> bool:
    """Where the agent has no turn: find out what the caller said in his; tells whether the conversation moved."""
    utterance = step.state.utterance
    if utterance is None or utterance.end is None:
        return False
    if utterance.given_up:
        _nothing(step)
        if utterance.reply:
            say_prepared(step, TurnSource.APOLOGY)
    else:
        _recognize(step, utterance)
    return True


def listen_while_held(step: Transition) -> bool:
    """While the reply is held: find out what the caller says over it; tells whether the conversation moved: it was heard to its end."""
    utterance, turn = step.state.utterance, step.turn
    if turn.written and step.state.played >= len(turn.sentences):
        step.state = replace(step.state, held=False, recognizing=0)
        close_turn(step, Heard(sentences=len(turn.sentences)))
        return True
    if utterance is not None and utterance.end is not None and not step.state.recognizing:
        _recognize(step, utterance)
    return False


def understand_echo(step: Transition) -> bool:
    """While the agent speaks: find out whether what may be its own voice is the caller's; the conversation does not move."""
    utterance = step.state.utterance
    if not step.turn.allow_interruptions:
        return False  # whosever voice it is, it has to wait
    if utterance is not None and utterance.echo and utterance.end is not None and not step.state.recognizing:
        _recognize(step, utterance)
    return False


def on_interim(step: Transition, heard: InterimTranscript) -> None:
    """Something is understood of what the caller says, while he says it."""
    _tell_from_echo(step, heard.text)
    if heard.settled:
        _tell_interim(step, UserInputSettled(text=heard.text, language=heard.language, speaker_id=heard.speaker_id))
    else:
        _tell_interim(step, UserInputTranscribed(text=heard.text, is_final=False, language=heard.language, speaker_id=heard.speaker_id))


def on_preflight(step: Transition, preflight: PreflightTranscript) -> None:
    """In a pause it is known what he has said so far: tell it, and have the model answer that, in case it is all."""
    if preflight.text:
        _tell_from_echo(step, preflight.text)
        _tell_interim(step, UserInputTranscribed(text=preflight.text, is_final=False))
    preemption.on_preflight(step, preflight)


def on_recognized(step: Transition, recognized: Recognized) -> None:
    """The caller's words are known. Where there are none, who interrupted with them is answered what he had asked before."""
    if recognized.token != step.state.recognizing:
        return
    end, ended_s = _end(step)
    if recognized.text:
        final = UserInputTranscribed(text=recognized.text, is_final=True, language=recognized.language, speaker_id=recognized.speaker_id)
        step.publish(final)
    exceeded = _exceeded(step)
    # Who does not come to an end would not let the agent come to a word either.
    opening = Opening(
        source=TurnSource.AUDIO,
        text=recognized.text,
        asked_s=ended_s,
        heard_until=end,
        allow_interruptions=not exceeded,
        speech_s=_speech_ms(step) / 1000,
        understood_s=_understood_s(step, recognized.text),
    )
    if _keep_unanswered(step, opening):
        return
    over_speech = step.state.held or _may_be_echo(step)
    if over_speech and _means_nothing(step, recognized.text):
        tell_overlap(
            step, recognized.text, "noise" if not recognized.text else "echo" if _is_echo(step, recognized.text) else "back_channel"
        )
        step.state = replace(step.state, recognizing=0)
        _drop(step, end)
        if step.state.held:
            resume(step, recognized.text)
        return
    if recognized.text:
        if over_speech:
            tell_overlap(step, recognized.text, "interruption")
        if exceeded:
            words, duration_ms = count_words(recognized.text), _speech_ms(step)
            step.publish(UserTurnExceeded(text=recognized.text, words=words, duration_ms=duration_ms))
        _tell_committed(step)
        step.state = replace(step.state, utterance=None, recognizing=0)
        step.move_user(UserEvent.TURN_SETTLED)
        stop_held(step, opening) if over_speech and step.memory.turn is not None else take_turn(step, opening)
        return
    step.publish(UserTranscriptionTimeout(speech_ms=_speech_ms(step)))
    _nothing(step)
    if step.state.owed:
        take_turn(step, Opening(source=TurnSource.UNANSWERED, text=step.memory.history.messages[-1].text))


def on_recognition_failed(step: Transition, failed: RecognitionFailed) -> None:
    """The speech recognition failed: the caller is asked to say it again."""
    if failed.token == step.state.recognizing:
        step.publish(SessionError(source="stt", text=failed.text, retryable=failed.retryable))
        _ask_again(step)


def on_audio_lost(step: Transition, lost: AudioLost) -> None:
    """Half a sentence is never answered: the caller is asked to say it again."""
    if lost.token == step.state.recognizing:
        step.publish(SessionError(source="audio", text="some of the caller's turn was lost", retryable=False))
        _ask_again(step)


def keep_empty_if_due(step: Transition) -> None:
    """As LiveKit's sessions, which end the last turn that is taken by hand as they close, whether anything is in it or not.

    The end of the call may be accepted before that turn is over, or after it.
    """
    if step.state.nothing_said and step.memory.ending:
        step.state = replace(step.state, nothing_said=False)
        _keep(step, Opening(source=TurnSource.AUDIO, heard_until=step.memory.heard_until))


def on_committed(step: Transition, committed: AudioCommitted) -> None:
    """The caller's turn was ended by command."""
    accepted = next((accepted for accepted in step.memory.inbox if accepted.command_id == committed.command_id), None)
    if accepted is None:
        return
    utterance = step.state.utterance
    if utterance is not None and utterance.end is not None and not utterance.reply:
        return  # it is done when that is in the history
    if utterance is None and isinstance(accepted.command, CommitAudio) and not accepted.command.reply:
        _keep_empty(step)
    step.publish(CommandDone(command_id=committed.command_id))


def _exceeded(step: Transition) -> bool:
    """Whether the caller's turn reached its limit, and is not understood yet."""
    utterance = step.state.utterance
    return utterance is not None and utterance.end is not None and utterance.ended_by is EndedBy.LIMIT


def _tell_interim(step: Transition, interim: UserInputTranscribed | UserInputSettled) -> None:
    """Tell what is understood of the open utterance, unless those words were told: in a pause they are expected, and mean the same."""
    utterance = step.state.utterance
    if utterance is not None and (utterance.interim != interim.text or isinstance(interim, UserInputSettled)):
        step.state = replace(step.state, utterance=replace(utterance, interim=interim.text, understood_s=step.now.monotonic_s))
        step.publish(interim)


def _may_be_echo(step: Transition) -> bool:
    return step.state.utterance is not None and step.state.utterance.echo


def _means_nothing(step: Transition, text: str) -> bool:
    """Whether words over the agent's speech are no reason to stop it."""
    language = step.setup.language
    if not text or is_back_channel(text, language):
        return True
    if is_interruption(text, language):
        return False
    return count_words(text) < step.setup.min_interruption_words or _is_echo(step, text)


def _is_echo(step: Transition, text: str) -> bool:
    """Whether it is what the agent says, or said last: what came back of a reply may be understood once that is over."""
    if not _may_be_echo(step):
        return False
    last = next((message.text for message in reversed(step.memory.history.messages) if message.role is Role.ASSISTANT), "")
    turn = step.memory.turn
    return repeats(text, " ".join((last, *(turn.sentences if turn is not None else ()))))


def _tell_from_echo(step: Transition, text: str) -> None:
    """What may be the agent's own voice says so much that it is another's: then that need not end to be heeded."""
    utterance = step.state.utterance
    if utterance is None or not utterance.echo or step.memory.turn is None or _means_nothing(step, text):
        return
    if count_words(text) >= OWN_WORDS or is_interruption(text, step.setup.language):
        step.state = replace(step.state, utterance=replace(utterance, own_words=True))


def _muted(step: Transition) -> bool:
    turn = step.memory.turn
    return is_muted(
        step.setup.mute,
        agent_has_turn=turn is not None,
        first_turn=step.memory.turns == 1,
        tools_run=turn is not None and bool(turn.waiting_calls),
    )


def _ask_again(step: Transition) -> None:
    if step.state.utterance is not None and not step.state.utterance.reply:
        _nothing(step)
        return
    if _may_be_echo(step) and not step.state.held:
        step.state = replace(step.state, recognizing=0)
        _drop(step, _end(step)[0])
        return
    if step.state.held:
        _drop(step, _end(step)[0])
        stop_held(step, Opening(source=TurnSource.REPEAT))
        return
    _nothing(step)
    say_prepared(step, TurnSource.REPEAT)


def _recognize(step: Transition, utterance: Utterance) -> None:
    token = step.next_token()
    step.state = replace(step.state, recognizing=token)
    seconds = max(0, (utterance.end or 0) - utterance.start) / SESSION_RATE_HZ
    model_used(step, ModelUsage(kind=STT, requests=1, audio_s=seconds))
    step.then(Recognize(token=token, start=utterance.start, end=utterance.end or 0))


def _speech_ms(step: Transition) -> int:
    """How long what is being recognised is."""
    utterance = step.state.utterance
    return 0 if utterance is None or utterance.end is None else max(0, utterance.end - utterance.start) // SAMPLES_PER_MS


def _understood_s(step: Transition, text: str) -> float:
    """When the words of what is being recognised were known: now, unless they were in a pause before its end was sure."""
    utterance = step.state.utterance
    return utterance.understood_s if utterance is not None and utterance.interim == text else step.now.monotonic_s


def _tell_committed(step: Transition) -> None:
    utterance = step.state.utterance
    by = EndedBy.SILENCE if utterance is None else utterance.ended_by
    step.publish(UserTurnCommitted(by="endpointing" if by is EndedBy.SILENCE else by, speech_ms=_speech_ms(step)))


def _keep_unanswered(step: Transition, opening: Opening) -> bool:
    """Keep in the history what is not to be answered; tells whether it is so."""
    if step.state.utterance is None or step.state.utterance.reply:
        return False
    if opening.text:
        _tell_committed(step)
        _keep(step, opening)
        step.state = replace(step.state, utterance=None, recognizing=0, guesses=0)
        step.move_user(UserEvent.TURN_SETTLED)
        step.then(Settle(until=opening.heard_until))
        _tell_kept(step)
    else:
        _nothing(step)
    return True


def _tell_kept(step: Transition) -> None:
    """What was not to be answered is in the history, or was nothing: who wished that is done."""
    for accepted in step.memory.inbox:
        if isinstance(accepted.command, CommitAudio) and not accepted.command.reply:
            step.publish(CommandDone(command_id=accepted.command_id))


def _keep_empty(step: Transition) -> None:
    step.state = replace(step.state, nothing_said=step.setup.by_hand)
    keep_empty_if_due(step)


def _keep(step: Transition, opening: Opening) -> None:
    before = step.memory.history
    step.record(CallerKept(until=opening.heard_until, text=opening.text, wall_s=step.now.wall_s, metrics=caller_metrics(step, opening)))
    if opening.text:
        step.publish(UserMessage(turn_id="", text=opening.text, source=opening.source))
    tell_added(step, before)


def _nothing(step: Transition) -> None:
    step.state = replace(step.state, recognizing=0)
    _drop(step, _end(step)[0])


def _end(step: Transition) -> tuple[int, float]:
    """Where and when the speech that is being recognised ended."""
    utterance = step.state.utterance
    if utterance is None or utterance.end is None:
        raise InternalError("speech is recognised that has not ended: please report this")
    return utterance.end, utterance.ended_s


def _drop(step: Transition, end: int) -> None:
    unanswered = step.state.utterance is not None and not step.state.utterance.reply
    step.state = replace(step.state, utterance=None, guesses=0)
    drop_guess(step)
    step.move_user(UserEvent.TURN_SETTLED)
    step.record(CallerDropped(until=end))
    step.then(Settle(until=end))
    if unanswered:
        _keep_empty(step)
        _tell_kept(step)
