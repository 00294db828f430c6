"""A detector that keeps its contract passes each check; for each check there is one that breaks what it promises."""

from typing import Any

import pytest

from actors.providers.vad import ModelVAD
from livekitex_agent.testing.conformance import vad
from protocols import VADCapabilities, VADOptions, VoiceActivity, VoiceEnded, VoiceStarted
from support.conforming import breaks, require_found
from support.scripted_providers import spoken

SPEECH = spoken("a sentence that is written in sound")


class Loudness:
    """Hears speech in what is not zero."""

    rate_hz = 16_000
    frame_samples = 320

    def probability(self, frame: bytes) -> float:
        return 0.95 if any(frame) else 0.02

    def reset(self) -> None:
        return None


class GoodVAD(ModelVAD):
    def __init__(self) -> None:
        super().__init__(Loudness, VADOptions(min_silence_ms=100), VADCapabilities(frame_ms=20))

    async def aclose(self) -> None:
        self.closed = True


def subject(make: Any) -> vad.VADSubject:
    return vad.VADSubject(make=make, speech=SPEECH, timeout_s=20.0)


def test_a_good_detector_passes() -> None:
    for check in vad.CHECKS:
        assert check(subject(GoodVAD)), str(check)


class Stream:
    """A stream around a good one, with one thing changed."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def streaming(kind: Any) -> type:
    return breaks(GoodVAD, stream=lambda self, *, start_ms=0: kind(GoodVAD.stream(self, start_ms=start_ms)))


def telling(change: Any) -> type:
    class Told(Stream):
        def push(self, audio: Any) -> Any:
            return tuple(each for event in self.inner.push(audio) for each in change(event))

    return streaming(Told)


class ForgetsRests(Stream):
    def push(self, audio: Any) -> Any:
        events = self.inner.push(audio)
        self.inner._held = b""
        return events


class TakesAnyRate(Stream):
    def push(self, audio: Any) -> Any:
        return self.inner.push(audio) if audio.rate_hz == 16_000 else ()


class ResetsNothing(Stream):
    def reset(self, *, start_ms: int = 0) -> None:
        return None


class NeverFlushes(Stream):
    def flush(self) -> Any:
        return ()


class FlushesAgain(Stream):
    def flush(self) -> Any:
        return self.inner.flush() or (VoiceEnded(at_ms=0, start_ms=0, end_ms=0),)


SHARED: list[Any] = []


def one_for_all(self: Any, *, start_ms: int = 0) -> Any:
    if not SHARED:
        SHARED.append(GoodVAD.stream(self, start_ms=start_ms))
    return SHARED[0]


async def twice_closed(self: Any) -> None:
    if getattr(self, "closed", False):
        raise RuntimeError("Broken: closed twice")
    self.closed = True


def late(event: Any) -> list[Any]:
    return [VoiceStarted(at_ms=event.at_ms, start_ms=event.start_ms - 700)] if isinstance(event, VoiceStarted) else [event]


def early(event: Any) -> list[Any]:
    return [VoiceEnded(at_ms=event.at_ms, start_ms=event.start_ms, end_ms=60_000)] if isinstance(event, VoiceEnded) else [event]


BROKEN: dict[str, list[type]] = {
    "says_what_it_is": [
        breaks(GoodVAD, __init__=lambda self: setattr(self, "capabilities", None)),
        breaks(GoodVAD, __init__=lambda self: setattr(self, "capabilities", VADCapabilities(frame_ms=0))),
        breaks(GoodVAD, __init__=lambda self: setattr(self, "capabilities", VADCapabilities(frame_ms=20, rate_hz=11_025))),
    ],
    "judges_each_frame": [
        telling(lambda event: [] if isinstance(event, VoiceActivity) and event.at_ms % 40 else [event]),
        telling(lambda event: [event, event]),
        telling(lambda event: ["event"]),
    ],
    "hears_nothing_in_silence": [telling(lambda event: [event, VoiceStarted(at_ms=event.at_ms, start_ms=event.at_ms)])],
    "finds_speech": [telling(lambda event: [event] if isinstance(event, VoiceActivity) else []), telling(late)],
    "starts_and_ends_in_turn": [
        telling(lambda event: [] if isinstance(event, VoiceEnded) else [event]),
        telling(lambda event: [event, event] if isinstance(event, VoiceStarted) else [event]),
        telling(early),
    ],
    "hears_the_same_however_it_is_cut": [streaming(ForgetsRests)],
    "keeps_streams_apart": [breaks(GoodVAD, stream=one_for_all)],
    "begins_anew_when_it_is_reset": [streaming(ResetsNothing)],
    "ends_open_speech_when_it_is_flushed": [streaming(NeverFlushes), streaming(FlushesAgain)],
    "refuses_audio_of_another_rate": [streaming(TakesAnyRate)],
}
CASES = [(name, broken) for name, kinds in BROKEN.items() for broken in kinds]


@pytest.mark.parametrize(("name", "broken"), CASES)
def test_a_detector_that_breaks_a_promise_is_found(name: str, broken: type) -> None:
    SHARED.clear()
    require_found(next(check for check in vad.CHECKS if str(check) == name), subject(broken))


def test_each_check_can_fail() -> None:
    assert {*BROKEN, "warms_up_and_closes_more_than_once"} == {str(check) for check in vad.CHECKS}
    with pytest.raises(RuntimeError, match="closed twice"):
        vad.CHECKS[-1](subject(breaks(GoodVAD, aclose=twice_closed)))
