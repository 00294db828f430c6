import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from actors.agent_session.core import State
from actors.agent_session.core.memory import Accepted, Memory, Turn, TurnSource
from actors.agent_session.given_audio import give
from protocols import ErrorReply, Message, Say, SpeechStreamed, StreamSpeech
from support.session_world import CHECKED, SPOKEN, VOICE_HZ

SAY = Say(command_id="say", text="Welcome.", audio=True)
TURN = Turn(turn_id="turn-1", source=TurnSource.SAY, text="", speech_id="speech-1", audio=True)
PIECE = StreamSpeech(speech_id="speech-1", position=7, pcm=b"\1\0\2\0")


class Engine:
    """Takes all, in another thread."""

    def give(self, audio: StreamSpeech, taken: Callable[[int], None]) -> None:
        thread = threading.Thread(target=lambda: taken(audio.position + len(audio.pcm) // 2))
        thread.start()
        thread.join()


def answer(memory: Memory, piece: StreamSpeech = PIECE, *, setup: object = SPOKEN) -> Message:
    answers: list[Message] = []
    give(piece, State(setup=setup, memory=memory), Engine(), answers.append)  # type: ignore[arg-type]
    (only,) = answers
    return only


def test_it_is_for_the_speech_that_is_said_now() -> None:
    assert answer(Memory(turn=TURN)) == SpeechStreamed(position=9, rate_hz=VOICE_HZ)


def test_for_one_that_waits_it_waits_where_it_is() -> None:
    waiting = Memory(inbox=(Accepted(command=SAY, position=0, speech_id="speech-1"),))
    assert answer(waiting) == SpeechStreamed(position=7, rate_hz=VOICE_HZ)


@pytest.mark.parametrize(
    "memory",
    [
        Memory(),
        Memory(turn=replace(TURN, speech_id="speech-2")),
        Memory(turn=replace(TURN, audio=False)),
        Memory(inbox=(Accepted(command=SAY, position=0, speech_id="speech-2"),)),
        Memory(inbox=(Accepted(command=replace(SAY, audio=False), position=0, speech_id="speech-1"),)),
    ],
)
def test_a_speech_that_is_over_or_has_a_voice_takes_none(memory: Memory) -> None:
    refusal = answer(memory)
    assert isinstance(refusal, ErrorReply)
    assert (refusal.error, refusal.retryable) == ("UsageError", False)
    assert "'speech-1' is over, or takes no audio" in refusal.text


def test_neither_does_a_text_call() -> None:
    waiting = Memory(inbox=(Accepted(command=SAY, position=0, speech_id="speech-1"),))
    assert isinstance(answer(waiting, setup=CHECKED), ErrorReply)


@pytest.mark.parametrize("piece", [replace(PIECE, pcm=b"odd"), replace(PIECE, position=-1)])
def test_half_a_sample_is_none(piece: StreamSpeech) -> None:
    refusal = answer(Memory(turn=TURN), piece)
    assert isinstance(refusal, ErrorReply)
    assert "give whole samples of PCM16" in refusal.text
