"""What every voice activity detector promises (`protocols.VAD`), whatever it hears well; used as ``conformance.stt`` is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from actors import voice_events_of
from livekitex_agent.testing.conformance.suite import TIMEOUT_S, Check, Suite, require, warms_up_and_closes_twice
from protocols import (
    BYTES_PER_SAMPLE,
    SUPPORTED_RATES_HZ,
    VAD,
    AudioChunk,
    InvalidAudioError,
    VADCapabilities,
    VADEvent,
    VADStream,
    VoiceActivity,
    VoiceEnded,
    VoiceStarted,
)

CHUNK_MS: Final = 20
LATE_MS: Final = 500
"""How far from its true place the beginning of speech may be found; how well a detector hears is another matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VADSubject:
    """A detector to check: ``speech`` is an utterance without silence around it, PCM16 mono at the detector's rate."""

    make: Callable[[], VAD]
    speech: bytes
    timeout_s: float = TIMEOUT_S


_SUITE: Final = Suite[VAD, VADSubject]()


@_SUITE.check()
async def says_what_it_is(vad: VAD, _subject: VADSubject) -> None:
    """Its capabilities are of their kind."""
    capabilities = vad.capabilities
    require(vad, isinstance(capabilities, VADCapabilities), f"its capabilities are a {type(capabilities).__name__}: give VADCapabilities")
    require(vad, capabilities.rate_hz in SUPPORTED_RATES_HZ, f"it takes {capabilities.rate_hz} Hz: take one of {SUPPORTED_RATES_HZ}")
    require(vad, 0 < capabilities.frame_ms <= 1_000, f"its frames last {capabilities.frame_ms} ms")  # noqa: PLR2004 - a second


@_SUITE.check()
async def judges_each_frame(vad: VAD, _subject: VADSubject) -> None:
    """There is one judgement for each frame, in order."""
    events = _events(vad, vad.stream(), _silence(vad, 960))
    frame_ms = vad.capabilities.frame_ms
    judged = [event.at_ms for event in events if isinstance(event, VoiceActivity)]
    require(vad, judged == list(range(frame_ms, 961, frame_ms)), f"it judges at {judged[:5]}… ms, not at each end of {frame_ms} ms")


@_SUITE.check()
async def hears_nothing_in_silence(vad: VAD, _subject: VADSubject) -> None:
    """Silence is no speech."""
    heard = [event for event in _events(vad, vad.stream(), _silence(vad, 2_000)) if isinstance(event, VoiceStarted)]
    require(vad, not heard, f"it hears speech in silence: {heard[:1]}")


@_SUITE.check()
async def finds_speech(vad: VAD, subject: VADSubject) -> None:
    """Speech is found where it begins."""
    events = _events(vad, vad.stream(), _around(vad, subject))
    starts = [event.start_ms for event in events if isinstance(event, VoiceStarted)]
    require(vad, starts, "it does not hear the speech")
    require(vad, abs(starts[0] - 800) <= LATE_MS, f"it finds speech at {starts[0]} ms that begins at 800 ms: count samples")


@_SUITE.check()
async def starts_and_ends_in_turn(vad: VAD, subject: VADSubject) -> None:
    """Beginnings and ends alternate, each behind the judgement that decides it, and speech never overlaps."""
    speech = _around(vad, subject)
    events = _events(vad, vad.stream(), speech + speech)
    decided = [event for event in events if not isinstance(event, VoiceActivity)]
    kinds = [type(event) for event in decided]
    require(vad, kinds == [VoiceStarted, VoiceEnded] * (len(kinds) // 2), f"it tells {[kind.__name__ for kind in kinds]}: in turn, please")
    for start, end in zip(decided[::2], decided[1::2], strict=True):
        require(vad, start.start_ms == end.start_ms, f"it ends speech that began at {end.start_ms} ms and started at {start.start_ms} ms")
    for before, event in pairwise(events):
        if not isinstance(event, VoiceActivity):
            same = isinstance(before, VoiceActivity) and before.at_ms == event.at_ms
            require(vad, same, f"{event} does not follow the VoiceActivity of its frame")
    spans = [(event.start_ms, event.end_ms) for event in decided if isinstance(event, VoiceEnded)]
    require(vad, all(end <= start for (_, end), (start, _) in pairwise(spans)), f"its speech overlaps: {spans}")


@_SUITE.check()
async def hears_the_same_however_it_is_cut(vad: VAD, subject: VADSubject) -> None:
    """The pieces in which audio comes change nothing."""
    speech = _around(vad, subject)
    whole = _events(vad, vad.stream(), speech)
    for samples in (7, 513, vad.capabilities.rate_hz):
        cut = _events(vad, vad.stream(), speech, samples=samples)
        require(vad, cut == whole, f"in pieces of {samples} samples it hears otherwise: keep what is less than a frame")


@_SUITE.check()
async def keeps_streams_apart(vad: VAD, subject: VADSubject) -> None:
    """What one stream hears does not change another."""
    speech, silence = _around(vad, subject), _silence(vad, 100)
    alone = _events(vad, vad.stream(), speech)
    one, other, mixed, size = vad.stream(), vad.stream(), list[VADEvent](), len(silence)
    for at in range(0, len(speech), size):
        mixed += one.push(AudioChunk(pcm=speech[at : at + size], rate_hz=vad.capabilities.rate_hz))
        other.push(AudioChunk(pcm=silence, rate_hz=vad.capabilities.rate_hz))
    require(vad, mixed == alone, "beside another stream it hears otherwise: keep their states apart")


@_SUITE.check()
async def begins_anew_when_it_is_reset(vad: VAD, subject: VADSubject) -> None:
    """After a reset a stream is as a new one, at its time."""
    speech = _around(vad, subject)
    stream = vad.stream()
    _events(vad, stream, speech[: len(speech) // 4 * 2])
    stream.reset(start_ms=5_000)
    anew = _events(vad, stream, speech, start_ms=5_000)
    fresh = _events(vad, vad.stream(start_ms=5_000), speech, start_ms=5_000)
    require(vad, anew == fresh, "after reset() it hears otherwise than a new stream")


@_SUITE.check()
async def ends_open_speech_when_it_is_flushed(vad: VAD, subject: VADSubject) -> None:
    """The end of the stream ends the speech that goes on, once."""
    stream = vad.stream()
    events = _events(vad, stream, _silence(vad, 800) + subject.speech)
    decided = [event for event in events if not isinstance(event, VoiceActivity)]
    last = stream.flush()
    if decided and isinstance(decided[-1], VoiceStarted):
        require(
            vad, len(last) == 1 and isinstance(last[0], VoiceEnded), f"flush() of speech that goes on gives {last}: give its VoiceEnded"
        )
    require(vad, stream.flush() == (), "a second flush() gives events: the speech is over")


@_SUITE.check()
async def refuses_audio_of_another_rate(vad: VAD, subject: VADSubject) -> None:
    """Another rate is refused and changes nothing."""
    speech, stream = _around(vad, subject), vad.stream()
    other = next(rate for rate in SUPPORTED_RATES_HZ if rate != vad.capabilities.rate_hz)
    refused = False
    try:
        stream.push(AudioChunk(pcm=bytes(960), rate_hz=other))
    except InvalidAudioError:
        refused = True
    require(vad, refused, f"it takes audio of {other} Hz: raise InvalidAudioError for any rate but {vad.capabilities.rate_hz} Hz")
    require(vad, _events(vad, stream, speech) == _events(vad, vad.stream(), speech), "audio that it refuses changes what it hears")


@_SUITE.check()
async def warms_up_and_closes_more_than_once(vad: VAD, _subject: VADSubject) -> None:
    """A second prewarm() and a second aclose() do nothing."""
    await warms_up_and_closes_twice(vad)


def _silence(vad: VAD, ms: int) -> bytes:
    return bytes(vad.capabilities.rate_hz * ms // 1000 * BYTES_PER_SAMPLE)


def _around(vad: VAD, subject: VADSubject) -> bytes:
    return _silence(vad, 800) + subject.speech + _silence(vad, 1_500)


def _events(vad: VAD, stream: VADStream, pcm: bytes, *, samples: int = 0, start_ms: int = 0) -> Sequence[VADEvent]:
    rate_hz = vad.capabilities.rate_hz
    size = (samples or rate_hz * CHUNK_MS // 1000) * BYTES_PER_SAMPLE
    found, last_ms = list[VADEvent](), start_ms
    for at in range(0, len(pcm), size):
        until_ms = start_ms + (at + size) // BYTES_PER_SAMPLE * 1000 // rate_hz + 1
        pushed = stream.push(AudioChunk(pcm=pcm[at : at + size], rate_hz=rate_hz))
        found += voice_events_of(vad, pushed, after_ms=last_ms, until_ms=until_ms)
        last_ms = found[-1].at_ms if found else start_ms
    return found


CHECKS: Final[tuple[Check[VAD, VADSubject], ...]] = tuple(_SUITE)
"""The checks, by name: ``str(check)``."""
