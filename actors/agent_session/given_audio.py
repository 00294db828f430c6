"""Audio that a program gives to a speech: whether the speech wants any, and the answer, which says how much of it is safe."""

from collections.abc import Callable

from actors.agent_session.core import State, refused
from actors.agent_session.engine import Engine
from protocols import BYTES_PER_SAMPLE, Message, Say, SpeechStreamed, StreamSpeech, UsageError


def give(audio: StreamSpeech, state: State, engine: Engine, answer: Callable[[Message], None]) -> None:
    """Have ``audio`` said, or refuse it; ``answer`` may be called from any thread, and later."""
    memory, speech_id, rate_hz = state.memory, audio.speech_id, state.setup.voice_rate_hz
    turn = memory.turn
    if len(audio.pcm) % BYTES_PER_SAMPLE or audio.position < 0:
        answer(refused(UsageError(f"{len(audio.pcm)} bytes from the sample {audio.position}: give whole samples of PCM16")))
    elif turn is not None and turn.speech_id == speech_id and turn.audio:
        engine.give(audio, lambda position: answer(SpeechStreamed(position=position, rate_hz=rate_hz)))
    elif rate_hz and any(_wants(accepted.command) for accepted in memory.inbox if accepted.speech_id == speech_id):
        answer(SpeechStreamed(position=audio.position, rate_hz=rate_hz))  # it has not the turn yet
    else:
        answer(refused(UsageError(f"the speech {speech_id!r:.80} is over, or takes no audio")))


def _wants(command: object) -> bool:
    return isinstance(command, Say) and command.audio
