"""What is told of a speech on its way to the ear: that it is heard, how far, that it pauses and goes on, and that it is over."""

from dataclasses import replace

from actors.agent_session.core.chat import heard_text
from actors.agent_session.core.inputs import SpeechHeard, SpeechPaused, SpeechResumed
from actors.agent_session.core.memory import Heard, Turn
from actors.agent_session.core.transition import Transition
from protocols import PlaybackFinished, PlaybackPaused, PlaybackProgress, PlaybackResumed, PlaybackStarted


def turn_of(step: Transition, speech_id: str) -> Turn | None:
    """The open turn, if it is that of a speech."""
    turn = step.memory.turn
    return turn if turn is not None and turn.speech_id == speech_id else None


def heard_of(turn: Turn, index: int, char: int) -> Heard:
    """How much of the reply was heard where ``char`` characters of the sentence ``index`` were."""
    return Heard(sentences=index, tail=turn.sentences[index][:char] if index < len(turn.sentences) else "")


def started(step: Transition, position: int) -> None:
    """A sentence is heard, from the sample ``position`` of the speech on; the first in this incarnation is told."""
    if not step.state.playing:
        step.state = replace(step.state, playing=True, heard_to=position)
        step.publish(PlaybackStarted(speech_id=step.turn.speech_id, position_ms=_ms(step, position)))


def on_heard(step: Transition, heard: SpeechHeard) -> None:
    """The speech was heard so far."""
    turn = turn_of(step, heard.speech_id)
    if turn is not None and step.state.playing:
        step.state = replace(step.state, heard_to=heard.position)
        text = heard_text(turn, heard_of(turn, heard.index, heard.char))
        step.publish(PlaybackProgress(speech_id=turn.speech_id, position_ms=_ms(step, heard.position), text=text))


def on_paused(step: Transition, paused: SpeechPaused) -> None:
    """The speech is silent, because the caller speaks."""
    if turn_of(step, paused.speech_id) is not None:
        step.publish(PlaybackPaused(speech_id=paused.speech_id, position_ms=_ms(step, paused.position)))


def on_resumed(step: Transition, resumed: SpeechResumed) -> None:
    """The speech goes on."""
    if turn_of(step, resumed.speech_id) is not None:
        step.publish(PlaybackResumed(speech_id=resumed.speech_id, position_ms=_ms(step, resumed.position)))


def finished(step: Transition, turn: Turn, *, interrupted: bool) -> None:
    """The speech of ``turn`` is over; told if any of it was heard in this incarnation."""
    if step.state.playing:
        position_ms = _ms(step, step.state.heard_to)
        step.publish(PlaybackFinished(speech_id=turn.speech_id, position_ms=position_ms, interrupted=interrupted), turn_id=turn.turn_id)
        step.state = replace(step.state, playing=False, heard_to=0)


def _ms(step: Transition, position: int) -> int:
    return round(position * 1000 / step.setup.voice_rate_hz) if step.setup.voice_rate_hz else 0
