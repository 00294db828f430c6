"""How well a voice activity detector has to hear, as tests: inherit `VADConformance` and give it a detector.

What its contract promises besides is checked by `livekitex_agent.testing.conformance.vad`.

Speech is said by the offline voice; when it begins and ends is known from its samples.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from actors.media import resample
from actors.providers.offline.hibari import HibariTTS
from protocols import SESSION_RATE_HZ, VAD, AudioChunk, VADEvent, VADStream, VoiceActivity, VoiceEnded, VoiceStarted

Samples = NDArray[np.float64]
PIECE = 20  # ms
SENTENCE = "I would like two of them, please."
OTHER = "What is the price of a pizza?"
EARLY_MS, LATE_MS = 60, 160  # of what is true: where speech begins a detector may be late, where it ends too


@cache
def sentence(text: str = SENTENCE) -> Samples:
    """What the voice says, at 16 kHz, without the silence around it."""
    pcm = b"".join(part.tobytes() for part in HibariTTS().sentences(text))
    samples = np.frombuffer(resample(pcm, 24_000, SESSION_RATE_HZ), "<i2").astype(np.float64)
    loud = np.flatnonzero(np.abs(samples) > 0.025 * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1]


def silence(ms: int) -> Samples:
    return np.zeros(ms * SESSION_RATE_HZ // 1000)


def noise(ms: int, deviation: float) -> Samples:
    return np.random.default_rng(8).normal(0, deviation, ms * SESSION_RATE_HZ // 1000)


def ms_of(samples: Samples) -> int:
    return len(samples) * 1000 // SESSION_RATE_HZ


def at_level(samples: Samples, dbfs: float) -> Samples:
    return samples / np.sqrt(np.mean(samples**2)) * 32768 * 10 ** (dbfs / 20)


def pcm_of(samples: Samples) -> bytes:
    return np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()


def events_of(stream: VADStream, samples: Samples, cuts: Sequence[int] = ()) -> list[VADEvent]:
    """What ``stream`` tells of ``samples``, given in pieces of ``cuts`` samples in turn (20 ms by default)."""
    pcm, at, found = pcm_of(samples), 0, list[VADEvent]()
    cuts = cuts or (PIECE * SESSION_RATE_HZ // 1000,)
    for turn in range(len(pcm)):
        if at >= len(pcm):
            break
        end = at + 2 * cuts[turn % len(cuts)]
        found += stream.push(AudioChunk(pcm=pcm[at:end], rate_hz=SESSION_RATE_HZ))
        at = end
    return found


def speech_in(events: Sequence[VADEvent]) -> list[tuple[int, int]]:
    return [(event.start_ms, event.end_ms) for event in events if isinstance(event, VoiceEnded)]


class VADConformance(ABC):
    """The tests of its hearing."""

    deaf_to_clicks: ClassVar = True
    """Whether a click is no speech to it, as it ought to be."""

    @abstractmethod
    @pytest.fixture
    def vad(self) -> VAD:
        """A detector with the default options."""

    @abstractmethod
    @pytest.fixture
    def keen(self) -> VAD:
        """A detector with a sensitivity of 0.9."""

    def test_silence_is_no_speech(self, vad: VAD) -> None:
        events = events_of(vad.stream(), silence(2_000))
        assert all(isinstance(event, VoiceActivity) and event.voiced_ms == 0 and not event.speaking for event in events)

    def test_speech_is_found_where_it_is(self, vad: VAD) -> None:
        self._finds(vad, sentence(), events_of(vad.stream(), np.concatenate([silence(800), sentence(), silence(800)])))

    def test_speech_at_30_db_below_full_scale_is_found(self, vad: VAD) -> None:
        self._finds(vad, sentence(), events_of(vad.stream(), np.concatenate([silence(800), at_level(sentence(), -30), silence(800)])))

    def test_speech_in_low_noise_is_found(self, vad: VAD) -> None:
        samples = np.concatenate([silence(800), at_level(sentence(), -23), silence(800)])
        events = events_of(vad.stream(), np.concatenate([noise(400, 60), samples + noise(ms_of(samples) + 1, 60)[: len(samples)]]))
        assert speech_in(events)[0][0] - 400 == pytest.approx(800, abs=LATE_MS)

    @pytest.mark.parametrize("deviation", [5, 60, 200])
    def test_low_noise_is_no_speech(self, vad: VAD, deviation: int) -> None:
        assert not any(isinstance(event, VoiceStarted) for event in events_of(vad.stream(), noise(3_000, deviation)))

    def test_clicks_are_no_speech(self, vad: VAD) -> None:
        samples = silence(3_000)
        samples[8_000::8_000] = 30_000
        assert any(isinstance(event, VoiceStarted) for event in events_of(vad.stream(), samples)) is not self.deaf_to_clicks

    def test_speech_is_announced_soon_and_ended_after_its_silence(self, vad: VAD) -> None:
        events = events_of(vad.stream(), np.concatenate([silence(640), sentence(), silence(640)]))
        for event in events:
            if isinstance(event, VoiceStarted):
                assert 50 <= event.at_ms - event.start_ms <= 120
            elif isinstance(event, VoiceEnded):
                assert 200 <= event.at_ms - event.end_ms < 200 + vad.capabilities.frame_ms

    def test_full_scale_and_its_opposite_do_no_harm(self, vad: VAD) -> None:
        loudest = np.where(np.arange(16_000) % 100 < 50, 32_767.0, -32_768.0)
        for event in events_of(vad.stream(), np.concatenate([loudest, np.full(16_000, -32_768.0)])):
            assert not isinstance(event, VoiceActivity) or 0.0 <= event.probability <= 1.0

    def test_a_higher_sensitivity_hears_no_less(self, vad: VAD, keen: VAD) -> None:
        samples = np.concatenate([silence(500), sentence() * 0.03, silence(500)])
        heard = [sum(end - start for start, end in speech_in(events_of(each.stream(), samples))) for each in (vad, keen)]
        assert 0 < heard[0] <= heard[1]

    def _finds(self, vad: VAD, said: Samples, events: Sequence[VADEvent]) -> None:
        spans = speech_in(events)
        assert spans
        assert -EARLY_MS <= spans[0][0] - 800 <= LATE_MS
        assert -EARLY_MS <= spans[-1][1] - (800 + ms_of(said)) <= LATE_MS + vad.capabilities.frame_ms
        assert sum(end - start for start, end in spans) > 0.7 * ms_of(said)
