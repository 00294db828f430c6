"""The reply on its way to the caller's ear: which sentence is heard, from where on, and how far it got.

In a call without a voice a sentence counts as heard the moment it is written. So does one of a turn in which the voice cannot be helped: it
is told as text (`go_on_as_text`). The next turn tries the voice again.
"""

from dataclasses import replace
from typing import Final

from actors.agent_session.core.closing import finish_if_over
from actors.agent_session.core.effects import SpeakSentence
from actors.agent_session.core.entries import SentenceBegun, SentenceWritten
from actors.agent_session.core.inputs import SentenceMade, SentencePlayed, SentencePlaying
from actors.agent_session.core.item_metrics import sentence_written
from actors.agent_session.core.kept_speech import KeptSpeech
from actors.agent_session.core.measures import TTS, audio_made, model_used, sample_heard
from actors.agent_session.core.memory import Heard, Sentence, Turn
from actors.agent_session.core.playback import heard_of, started, turn_of
from actors.agent_session.core.state import SessionConfig, State
from actors.agent_session.core.transition import Transition
from protocols import (
    AgentEvent,
    AgentSentence,
    AgentState,
    Degraded,
    ModelUsage,
    PartFailed,
    PartRecovered,
    PartRestarted,
    ReplyLatency,
)

MAX_LATENCY_S: Final = 3_600.0
"""Only the wall clock tells how long it took over two incarnations, and it may be set: more than this, or negative, is unknown."""

MAX_SENTENCE_S: Final = 120
"""Longer audio of one sentence is a failure of its provider."""
AUDIO_LOST: Final = "the audio of a speech was lost with the memory outside the process: say it again"


def write_sentence(step: Transition, sentence: Sentence) -> None:
    """Add a sentence to the reply. It is in the journal before anybody hears it."""
    index, text = len(step.turn.sentences), sentence.text
    usual = f" {text}" if step.turn.open_round.sentences else text
    step.record(SentenceWritten(text=text, written=None if sentence.written == usual else sentence.written))
    sentence_written(step, index)
    if step.setup.voice and not step.state.as_text:
        if not step.turn.audio:
            model_used(step, ModelUsage(kind=TTS, requests=1, characters=len(text)))
        said = _speak(step.turn, index, text)
        step.then(said if step.turn.heard is None else replace(said, start=_anew(step)))  # something else may have been said meanwhile
    elif step.setup.voice:
        _tell(step, index)
    else:
        _heard_from(step, index)


def on_made(step: Transition, made: SentenceMade) -> None:
    """The first audio of a sentence is made."""
    if turn_of(step, made.speech_id) is not None:
        audio_made(step, made)


def on_playing(step: Transition, playing: SentencePlaying) -> None:
    """A sentence begins to be heard; in a later incarnation that may be its rest."""
    turn = turn_of(step, playing.speech_id)
    if turn is None or playing.index >= len(turn.sentences):
        return
    started(step, playing.position)
    if playing.index == len(turn.starts):
        step.record(SentenceBegun(position=playing.position))
        _heard_from(step, playing.index)
    if step.state.agent is AgentState.THINKING:
        step.move_agent(AgentEvent.PLAYOUT_STARTED)


def on_played(step: Transition, played: SentencePlayed) -> None:
    """A sentence was heard to its end."""
    if turn_of(step, played.speech_id) is not None:
        step.state = replace(step.state, played=max(step.state.played, played.index + 1))
        finish_if_over(step)


def go_on_as_text(step: Transition, index: int, why: str) -> None:
    """The voice cannot say the sentence ``index`` of the reply: tell it and all that follow as text."""
    step.publish(Degraded(part=TTS, to="text", text=why))
    step.state = replace(step.state, voice_fails=True, as_text=True)
    for number in range(index, len(step.turn.sentences)):
        _tell(step, number)
    finish_if_over(step)


def on_part(step: Transition, event: PartFailed | PartRestarted | PartRecovered | Degraded) -> None:
    """Tell what a part came to."""
    step.publish(event)
    if isinstance(event, PartRecovered) and event.part == TTS:
        step.state = replace(step.state, voice_fails=False)


def audible(state: State) -> bool:
    """Whether the agent is heard now."""
    turn = state.memory.turn
    return turn is not None and len(turn.starts) > state.played


def resume_speech(step: Transition, kept: KeptSpeech | None) -> None:
    """Go on with the reply where the incarnation before was: with its audio that is ``kept``, then with the text after that.

    Where nothing is kept the sentence that was heard last is said again.
    """
    turn = step.turn
    if not step.setup.voice or not turn.sentences:
        return
    known = _heard_before(turn)
    if kept is not None and (kept.next_index > len(turn.sentences) or kept.heard_index < known):
        kept = None
    first = max(known, len(turn.starts) - 1) if kept is None else min(kept.heard_index, len(turn.starts))
    step.state = replace(step.state, played=first)
    for index, text in enumerate(turn.sentences[first:], first):
        say = _speak(turn, index, text)
        if kept is None:
            say = replace(say, start=_anew(step) if index == first else -1)
        elif index <= kept.next_index:
            heard_char = kept.heard_char if index == kept.heard_index else 0
            say = replace(
                say, kept=kept.of(index), heard_char=heard_char, from_char=len(text) if index < kept.next_index else kept.next_char
            )
        step.then(say)


def is_lost(step: Transition, kept: KeptSpeech | None) -> bool:
    """Whether audio that a program gave, and gives only once, was heard in part and is gone with the memory outside the process."""
    return step.setup.voice and step.turn.audio and kept is None and bool(step.turn.starts)


def _speak(turn: Turn, index: int, text: str) -> SpeakSentence:
    return SpeakSentence(speech_id=turn.speech_id, index=index, text=text, allow_interruptions=turn.allow_interruptions, audio=turn.audio)


def heard_at(setup: SessionConfig, turn: Turn, kept: KeptSpeech | None) -> Heard:
    """How much of the reply was heard, as far as it is ``kept`` (None: nothing is known)."""
    if not setup.voice:
        return Heard(sentences=len(turn.sentences))
    if kept is None or kept.heard_index < _heard_before(turn):
        return Heard(sentences=max(_heard_before(turn), len(turn.starts) - 1))
    return heard_of(turn, kept.heard_index, kept.heard_char)


def _heard_before(turn: Turn) -> int:
    """The sentences that are known to have been heard, since it was suspended after them."""
    return 0 if turn.heard is None else turn.heard.sentences


def _anew(step: Transition) -> int:
    """A position behind all that may have been heard of the sentence: what is said again has other samples, and so other positions."""
    starts = step.turn.starts
    return starts[-1] + step.memory.incarnation * MAX_SENTENCE_S * step.setup.voice_rate_hz if starts else 0


def _heard_from(step: Transition, index: int) -> None:
    turn = step.turn
    sample_heard(step, index)
    if index == 0 and turn.asked_wall_s:
        step.publish(ReplyLatency(turn_id=turn.turn_id, latency_ms=_latency_ms(step)))
    step.publish(AgentSentence(speech_id=turn.speech_id, text=turn.sentences[index]))


def _tell(step: Transition, index: int) -> None:
    """Tell a sentence that nobody hears: it counts as heard."""
    if index >= len(step.turn.starts):
        step.record(SentenceBegun(position=step.turn.starts[-1] if step.turn.starts else 0))
        _heard_from(step, index)
    step.state = replace(step.state, played=index + 1)


def _latency_ms(step: Transition) -> float | None:
    now, asked_s = step.now, step.state.asked_s
    latency_s = now.wall_s - step.turn.asked_wall_s if asked_s is None else now.monotonic_s - asked_s
    return latency_s * 1000 if 0 <= latency_s <= MAX_LATENCY_S else None
