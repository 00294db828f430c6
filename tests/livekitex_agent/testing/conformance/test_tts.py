"""A voice that keeps its contract passes each check; for each check there is one that breaks what it promises."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from livekitex_agent.testing.conformance import tts
from protocols import TTS, AlignedAudio, AudioChunk, ProviderError, SegmentEnded, TimedWord, TTSCapabilities
from support.conforming import GoodTTS, breaks, require_found, turns, wrapped


def subject(make: Any, **changes: Any) -> tts.TTSSubject:
    return tts.TTSSubject(**{"make": make, "timeout_s": 5.0, **changes})


def test_a_good_voice_passes() -> None:
    for check in tts.CHECKS:
        assert check(subject(GoodTTS)), str(check)


def speaking(change: Any) -> type:
    return breaks(GoodTTS, synthesize=wrapped(GoodTTS.synthesize, change))


def pieces(*given: Any) -> Any:
    async def synthesize(self: Any, text: str) -> AsyncIterator[Any]:
        await turns()
        for each in given:
            yield each

    return synthesize


async def at_once(self: Any, text: str) -> AsyncIterator[AudioChunk]:
    yield AudioChunk(pcm=b"\1\0" * 16_000, rate_hz=16_000)


async def loud_for_nothing(self: Any, text: str) -> AsyncIterator[AudioChunk]:
    for _ in range(3):
        await turns()
        yield AudioChunk(pcm=b"\1\0" * 16_000, rate_hz=16_000)


async def fails_for_nothing(self: Any, text: str) -> AsyncIterator[AudioChunk]:
    if not text.strip():
        raise ProviderError("Broken: no text", retryable=False)
    async for chunk in GoodTTS.synthesize(self, text):
        yield chunk


async def once(self: Any, text: str) -> AsyncIterator[AudioChunk]:
    if getattr(self, "asked", False):
        raise ProviderError("Broken: busy", retryable=True)
    self.asked = True
    async for chunk in GoodTTS.synthesize(self, text):
        yield chunk


async def shared(self: Any, text: str) -> AsyncIterator[AudioChunk]:
    self.text = max(getattr(self, "text", ""), text, key=len)
    await turns()
    async for chunk in GoodTTS.synthesize(self, self.text):
        yield chunk


class Stream:
    """A stream around a good one, with one thing changed."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __aiter__(self) -> Any:
        return self.inner.__aiter__()


def streaming(kind: type[Stream]) -> type:
    return breaks(GoodTTS, stream=lambda self: kind(GoodTTS.stream(self)))


def telling(change: Any) -> type:
    class Told(Stream):
        async def __aiter__(self) -> Any:
            async for event in self.inner:
                for each in change(event):
                    yield each

    return streaming(Told)


class TakesMore(Stream):
    ended = False

    def push_text(self, text: str) -> None:
        if not self.ended:
            self.inner.push_text(text)

    def end_input(self) -> None:
        self.ended = True
        self.inner.end_input()


class NeverEnds(Stream):
    async def aclose(self) -> None:
        return None


async def twice_closed(self: Any) -> None:
    if getattr(self, "closed", False):
        raise RuntimeError("Broken: closed twice")
    self.closed = True


def with_words(*words: TimedWord) -> Any:
    return lambda chunk: replace(chunk, words=words)


def backwards(word: TimedWord) -> TimedWord:
    return replace(word, start_ms=10_000 - word.end_ms, end_ms=10_000)


BROKEN: dict[str, list[type]] = {
    "says_what_it_is": [
        breaks(GoodTTS, label=""),
        breaks(GoodTTS, rate_hz=22_050),
        breaks(GoodTTS, capabilities=None),
        breaks(GoodTTS, capabilities=TTSCapabilities(), synthesize=TTS.synthesize),
    ],
    "speaks_a_sentence": [
        breaks(GoodTTS, synthesize=pieces()),
        breaks(GoodTTS, synthesize=pieces(AudioChunk(pcm=bytes(32_000), rate_hz=16_000))),
        breaks(GoodTTS, synthesize=pieces(AudioChunk(pcm=b"\1\0", rate_hz=16_000))),
        breaks(GoodTTS, synthesize=pieces(*[AudioChunk(pcm=b"\1\0" * 16_000, rate_hz=16_000)] * 70)),
        breaks(GoodTTS, synthesize=pieces(AudioChunk(pcm=b"\1\0" * 16_000, rate_hz=24_000))),
        breaks(GoodTTS, synthesize=pieces(b"\1\0" * 16_000)),
    ],
    "says_more_for_more_text": [breaks(GoodTTS, synthesize=loud_for_nothing)],
    "says_nothing_for_nothing": [breaks(GoodTTS, synthesize=loud_for_nothing), breaks(GoodTTS, synthesize=fails_for_nothing)],
    "tells_its_words": [
        speaking(lambda chunk: AudioChunk(pcm=chunk.pcm, rate_hz=chunk.rate_hz)),
        speaking(lambda chunk: replace(chunk, words=chunk.words * 2)),
        speaking(with_words(TimedWord(text="I", start_ms=0, end_ms=-5))),
        speaking(lambda chunk: replace(chunk, words=tuple(replace(word, end_ms=60_000) for word in chunk.words))),
        speaking(lambda chunk: replace(chunk, words=[])),
        speaking(
            lambda chunk: replace(chunk, words=tuple(replace(word, start_ms=10_000 - word.end_ms, end_ms=10_000) for word in chunk.words))
        ),
    ],
    "lets_the_loop_run": [breaks(GoodTTS, synthesize=at_once)],
    "works_after_it_was_stopped": [breaks(GoodTTS, synthesize=once)],
    "keeps_sentences_apart": [breaks(GoodTTS, synthesize=shared)],
    "speaks_a_stream": [
        telling(lambda event: [event, event] if isinstance(event, SegmentEnded) else [event]),
        telling(lambda event: [] if isinstance(event, AlignedAudio) else [event]),
        telling(lambda event: ["event"]),
    ],
    "ends_the_last_segment_without_a_flush": [
        telling(lambda event: [] if isinstance(event, SegmentEnded) else [event]),
        streaming(TakesMore),
    ],
    "ends_when_it_is_closed": [streaming(NeverEnds)],
}
CASES = [(name, broken) for name, kinds in BROKEN.items() for broken in kinds]


@pytest.mark.parametrize(("name", "broken"), CASES)
def test_a_voice_that_breaks_a_promise_is_found(name: str, broken: type) -> None:
    check = next(check for check in tts.CHECKS if str(check) == name)
    require_found(check, subject(broken, timeout_s=0.1 if name == "ends_when_it_is_closed" else 5.0))


def test_each_check_can_fail() -> None:
    assert {*BROKEN, "warms_up_and_closes_more_than_once"} == {str(check) for check in tts.CHECKS}
    with pytest.raises(RuntimeError, match="closed twice"):
        tts.CHECKS[-1](subject(breaks(GoodTTS, aclose=twice_closed)))


def test_a_voice_of_one_form_is_checked_in_that() -> None:
    plain = breaks(GoodTTS, capabilities=TTSCapabilities())
    ran = {str(check): check(subject(plain)) for check in tts.CHECKS}
    assert {name for name, applied in ran.items() if not applied} == {
        *("tells_its_words", "speaks_a_stream", "ends_the_last_segment_without_a_flush", "ends_when_it_is_closed"),
    }
