"""Voice activity in the caller's audio: read in frames, and silence where the detection fails."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from actors.agent_session.core import Input
from actors.agent_session.core.inputs import PartReported
from actors.agent_session.engine.voice_reader import VoiceReader
from actors.agent_session.shared_audio_buffer import SHARED_AUDIO_BUFFER_BYTES, SharedAudioBuffer
from actors.providers.vad import ModelVAD
from protocols import (
    SESSION_RATE_HZ,
    VAD,
    Degraded,
    PartFailed,
    PartRecovered,
    PartRestarted,
    SessionEvent,
    VADCapabilities,
    VADEvent,
    VADOptions,
    VoiceActivity,
    VoiceEnded,
    VoiceStarted,
)

FRAME = 320
VOICE = np.full(FRAME, 1_000, "<i2").tobytes()
SILENCE = bytes(2 * FRAME)


class Model:
    """Hears what is not zero, unless ``fails`` says that it fails at a frame."""

    rate_hz = SESSION_RATE_HZ
    frame_samples = FRAME

    def __init__(self, fails: Callable[[int], bool] = lambda _: False) -> None:
        self._fails = fails
        self.judged = 0

    def probability(self, frame: bytes) -> float:
        self.judged += 1
        if self._fails(self.judged):
            raise RuntimeError(f"broken at {self.judged}")
        return float(any(frame))

    def reset(self) -> None:
        return None


class Reading:
    """A reader, its memory, and what it told."""

    def __init__(self, vad: VAD | None = None, *, fallback: VAD | None = None, fresh_at: int = 0) -> None:
        self.told: list[Input] = []
        self.memory = SharedAudioBuffer(memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES)), fresh_at=fresh_at)
        self.reader = VoiceReader(
            vad or vad_of(Model()), self.memory, self.told.append, fallback=lambda: fallback or vad_of(Model()), position=fresh_at
        )
        self.reader.begin(fresh_at)

    def events(self) -> list[SessionEvent]:
        return [what.event for what in self.told if isinstance(what, PartReported)]

    def hear(self, *frames: bytes) -> list[VADEvent]:
        self.memory.append(b"".join(frames))
        return self.rest()

    def rest(self) -> list[VADEvent]:
        events: list[VADEvent] = []
        while (found := self.reader.next()) is not None:
            events += found
        return events


def vad_of(model: Model, rate_hz: int = SESSION_RATE_HZ) -> VAD:
    """A detector whose streams share a model, so that it counts on."""
    return ModelVAD(lambda: model, VADOptions(min_silence_ms=100), VADCapabilities(frame_ms=20, rate_hz=rate_hz))


def decided(events: list[VADEvent]) -> list[VADEvent]:
    return [event for event in events if not isinstance(event, VoiceActivity)]


def test_times_are_those_of_the_samples_from_the_first_on() -> None:
    reading = Reading(fresh_at=640)
    events = reading.hear(*[SILENCE] * 5, *[VOICE] * 10, *[SILENCE] * 10, b"\0\0")
    assert decided(events) == [VoiceStarted(at_ms=160, start_ms=100), VoiceEnded(at_ms=400, start_ms=100, end_ms=300)]
    assert reading.reader.sample(100) == 640 + 1_600
    assert reading.reader.ms(640 + 1_608) == 100.5
    assert reading.reader.position == 640 + 25 * FRAME


def test_frames_begin_at_multiples_of_their_length_where_there_is_audio() -> None:
    reading = Reading()
    reading.memory.append(bytes(2 * 5_000))
    reading.reader.begin(1_000)
    assert reading.reader.position == 960
    late = Reading(fresh_at=1_000)
    assert late.reader.position == 1_000


def test_a_detector_at_another_rate_hears_the_same() -> None:
    model = Model()
    model.rate_hz, model.frame_samples = 8_000, 160
    events = Reading(vad_of(model, 8_000)).hear(*[SILENCE] * 10, *[VOICE] * 20, *[SILENCE] * 20)
    started, ended = decided(events)
    assert started.start_ms == pytest.approx(200, abs=20)  # type: ignore[union-attr]
    assert ended.end_ms == pytest.approx(600, abs=40)  # type: ignore[union-attr]


def test_where_the_detection_fails_the_voice_ends_and_it_begins_anew() -> None:
    reading = Reading(vad_of(Model(lambda judged: judged == 11)))
    events = reading.hear(*[VOICE] * 30)
    assert decided(events) == [
        VoiceStarted(at_ms=60, start_ms=0),
        VoiceEnded(at_ms=220, start_ms=200, end_ms=200),
        VoiceStarted(at_ms=280, start_ms=220),
    ]
    assert [event.at_ms for event in events if isinstance(event, VoiceActivity)] == list(range(20, 601, 20))
    broken = "RuntimeError: broken at 11"
    assert reading.events() == [
        PartFailed(part="vad", text=broken, retryable=True),
        PartRestarted(part="vad", restarts=1, text=broken),
        PartRecovered(part="vad"),
    ]


def test_what_goes_on_failing_is_restarted_after_growing_pauses_of_audio() -> None:
    model = Model(lambda judged: judged < 4)
    reading = Reading(vad_of(model))
    events = reading.hear(*[VOICE] * 40)
    # Judged are the frames that end at 20, 40, 160 (0.1 s later) and 380 ms (0.2 s later): that one works.
    assert model.judged == 3 + 40 - 18
    assert decided(events) == [VoiceStarted(at_ms=420, start_ms=360)]
    assert [event.at_ms for event in events if isinstance(event, VoiceActivity)] == list(range(20, 801, 20))
    assert [event.restarts for event in reading.events() if isinstance(event, PartRestarted)] == [1, 2, 3]
    assert reading.events()[-1] == PartRecovered(part="vad")


FAILS = [lambda _: True, lambda judged: judged % 2 == 0, lambda judged: judged % 40 == 0]


@pytest.mark.parametrize("fails", FAILS)
def test_a_detection_that_goes_on_failing_is_replaced_and_the_call_is_not_deaf(fails: Callable[[int], bool]) -> None:
    reading = Reading(vad_of(Model(fails)), fallback=vad_of(Model()))
    reading.hear(*[SILENCE] * 300)
    (degraded,) = [event for event in reading.events() if isinstance(event, Degraded)]
    assert (degraded.part, degraded.to) == ("vad", "loudness")
    assert reading.reader.position == 300 * FRAME
    assert decided(reading.hear(*[VOICE] * 10)) == [VoiceStarted(at_ms=6_060, start_ms=6_000)]


@pytest.mark.parametrize("fails", FAILS)
def test_a_fallback_that_goes_on_failing_is_a_crash(fails: Callable[[int], bool]) -> None:
    reading = Reading(vad_of(Model(lambda _: True)), fallback=vad_of(Model(fails)))
    with pytest.raises(RuntimeError, match="broken"):
        reading.hear(*[SILENCE] * 400)
    assert reading.reader.position / SESSION_RATE_HZ < 6.0
    assert len([event for event in reading.events() if isinstance(event, Degraded)]) == 2


def test_the_fallback_may_have_another_length_of_frame() -> None:
    longer = ModelVAD(LongFrames, VADOptions(min_silence_ms=100), VADCapabilities(frame_ms=30))
    reading = Reading(vad_of(Model(lambda _: True)), fallback=longer)
    reading.hear(*[SILENCE] * 100)
    started = decided(reading.hear(*[VOICE] * 30))[0]
    assert isinstance(started, VoiceStarted)
    assert started.start_ms == pytest.approx(2_000, abs=60)


class LongFrames(Model):
    """Frames of 30 ms."""

    frame_samples = 480


class Odd:
    """A detector whose streams answer as they are told."""

    capabilities = VADCapabilities(frame_ms=20)

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def prewarm(self) -> None:
        return None

    def stream(self, *, start_ms: int = 0) -> Any:
        if self._answer is OSError:
            raise OSError("no such model")
        return self

    def push(self, audio: object) -> Any:
        return self._answer

    async def aclose(self) -> None:
        return None


def activity(at_ms: int) -> VoiceActivity:
    return VoiceActivity(at_ms=at_ms, probability=0.0, voiced_ms=0, silent_ms=0, speaking=False)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, r"push\(\) gives a NoneType: give a tuple of VADEvent"),
        ((0.5,), r"gives a tuple with a float: give VoiceActivity, VoiceStarted and VoiceEnded"),
        ((activity(21),), "gives an event at 21 ms of audio from 0 to 20 ms: count its samples"),
        ((activity(-1),), "at -1 ms of audio"),
        (OSError, "OSError: no such model"),
    ],
)
def test_what_is_no_answer_is_a_failure_that_names_it(answer: object, told: str) -> None:
    reading = Reading(Odd(answer))
    events = reading.hear(SILENCE)
    assert events == [activity(20)]
    (failed,) = reading.events()
    assert isinstance(failed, PartFailed)
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(failed.text)


def test_voice_that_is_forgotten_is_found_again_as_new() -> None:
    reading = Reading()
    reading.hear(*[VOICE] * 5)
    reading.reader.forget()
    assert decided(reading.hear(*[VOICE] * 5)) == [VoiceStarted(at_ms=160, start_ms=100)]


def test_what_was_overwritten_before_it_was_read_is_silence() -> None:
    reading = Reading()
    reading.hear(*[VOICE] * 10)
    for _ in range(40):
        reading.memory.append(bytes(2 * SESSION_RATE_HZ))
    events = reading.rest()
    lost = reading.memory.oldest
    assert events[1] == VoiceEnded(at_ms=lost // 16, start_ms=200, end_ms=200)
    assert reading.reader.position == reading.memory.position
