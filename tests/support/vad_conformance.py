"""What every voice activity detector promises (`protocols.VAD`), as tests: inherit `VADConformance` and give it a detector.

Speech is said by the offline voice; when it begins and ends is known from its samples.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from actors.media import resample
from actors.providers.offline.hibari import HibariTTS
from protocols import SESSION_RATE_HZ, VAD, AudioChunk, InvalidAudioError, VADEvent, VADStream, VoiceActivity, VoiceEnded, VoiceStarted

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
    """The tests of the port."""

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

    def test_it_takes_the_rate_of_the_session_and_says_how_often_it_judges(self, vad: VAD) -> None:
        assert vad.capabilities.rate_hz == SESSION_RATE_HZ
        judged = [event for event in events_of(vad.stream(), silence(960)) if isinstance(event, VoiceActivity)]
        assert [event.at_ms for event in judged] == list(range(vad.capabilities.frame_ms, 961, vad.capabilities.frame_ms))

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

    def test_events_alternate_and_follow_the_frame_that_decides_them(self, vad: VAD) -> None:
        events = events_of(vad.stream(), np.concatenate([sentence(OTHER), silence(700), sentence(), silence(700)]))
        decided = [event for event in events if not isinstance(event, VoiceActivity)]
        assert [type(event) for event in decided] == [VoiceStarted, VoiceEnded] * (len(decided) // 2)
        assert [event.start_ms for event in decided[::2]] == [event.start_ms for event in decided[1::2]]
        for before, event in pairwise(events):
            if not isinstance(event, VoiceActivity):
                assert isinstance(before, VoiceActivity)
                assert before.at_ms == event.at_ms
                assert before.speaking is isinstance(event, VoiceStarted)
        spans = speech_in(events)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))

    @pytest.mark.parametrize("cuts", [(7, 1_600), (512,), (513, 1), (319, 321, 16_000), (16_000,)])
    def test_however_a_stream_is_cut_its_events_are_the_same(self, vad: VAD, cuts: tuple[int, ...]) -> None:
        samples = np.concatenate([silence(333), sentence(), silence(444)])
        assert events_of(vad.stream(), samples, cuts) == events_of(vad.stream(), samples)

    def test_streams_do_not_mix(self, vad: VAD) -> None:
        samples = np.concatenate([silence(200), sentence(), silence(400)])
        alone = events_of(vad.stream(), samples)
        one, other = vad.stream(), vad.stream()
        mixed = []
        for at in range(0, len(samples), 320):
            mixed += events_of(one, samples[at : at + 320])
            events_of(other, noise(20, 3_000))
        assert mixed == alone

    def test_a_reset_begins_anew_at_its_time(self, vad: VAD) -> None:
        samples = np.concatenate([silence(200), sentence(), silence(400)])
        stream = vad.stream()
        events_of(stream, samples[: len(samples) // 2])
        stream.reset(start_ms=5_000)
        assert events_of(stream, samples) == events_of(vad.stream(start_ms=5_000), samples)
        assert speech_in(events_of(vad.stream(start_ms=5_000), samples))[0][0] >= 5_000

    def test_the_end_of_a_stream_ends_its_speech(self, vad: VAD) -> None:
        stream = vad.stream()
        events = events_of(stream, np.concatenate([silence(300), sentence()[:16_000]]))
        last = stream.flush()
        assert len(last) == 1
        assert isinstance(last[0], VoiceEnded)
        assert isinstance(next(event for event in reversed(events) if not isinstance(event, VoiceActivity)), VoiceStarted)
        assert stream.flush() == ()

    @pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
    def test_another_rate_is_refused_and_changes_nothing(self, vad: VAD, rate_hz: int) -> None:
        samples = np.concatenate([silence(100), sentence(), silence(400)])
        stream = vad.stream()
        before = events_of(stream, samples[:5_000])
        with pytest.raises(InvalidAudioError, match="resample before"):
            stream.push(AudioChunk(pcm=bytes(960), rate_hz=rate_hz))
        assert before + events_of(stream, samples[5_000:]) == events_of(vad.stream(), samples, [5_000, *[320] * 1_000])

    def test_full_scale_and_its_opposite_do_no_harm(self, vad: VAD) -> None:
        loudest = np.where(np.arange(16_000) % 100 < 50, 32_767.0, -32_768.0)
        for event in events_of(vad.stream(), np.concatenate([loudest, np.full(16_000, -32_768.0)])):
            assert not isinstance(event, VoiceActivity) or 0.0 <= event.probability <= 1.0

    def test_a_higher_sensitivity_hears_no_less(self, vad: VAD, keen: VAD) -> None:
        samples = np.concatenate([silence(500), sentence() * 0.03, silence(500)])
        heard = [sum(end - start for start, end in speech_in(events_of(each.stream(), samples))) for each in (vad, keen)]
        assert 0 < heard[0] <= heard[1]

    def test_it_may_be_warmed_and_closed_more_than_once(self, vad: VAD) -> None:
        async def close() -> None:
            await vad.aclose()
            await vad.aclose()

        vad.prewarm()
        vad.prewarm()
        asyncio.run(close())

    def _finds(self, vad: VAD, said: Samples, events: Sequence[VADEvent]) -> None:
        spans = speech_in(events)
        assert spans
        assert -EARLY_MS <= spans[0][0] - 800 <= LATE_MS
        assert -EARLY_MS <= spans[-1][1] - (800 + ms_of(said)) <= LATE_MS + vad.capabilities.frame_ms
        assert sum(end - start for start, end in spans) > 0.7 * ms_of(said)
