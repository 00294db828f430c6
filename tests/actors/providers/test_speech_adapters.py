"""Utterances of a stream, and a stream of utterances."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from actors.providers import StreamingSTT, joined, recognize_by_stream
from protocols import (
    STT,
    AudioChunk,
    FinalTranscript,
    InvalidAudioError,
    ProviderError,
    RecognitionUsage,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    STTCapabilities,
    TimedWord,
    Transcript,
    TranscriptFlushed,
)
from support import scripted_providers, virtual_time
from support.scripted_providers import read_aloud, spoken

RATE = 16_000


class Reader(STT):
    """Reads what is spoken at its rate, with the time of its only word."""

    def __init__(self, rate_hz: int = RATE) -> None:
        self._rate = rate_hz
        self.languages: list[str] = []
        self.closed = self.warm = False

    @property
    def rate_hz(self) -> int:
        return self._rate

    @property
    def capabilities(self) -> STTCapabilities:
        return STTCapabilities(aligned_words=True, languages=frozenset({"en"}))

    def prewarm(self) -> None:
        self.warm = True

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        self.languages.append(language)
        await asyncio.sleep(0)
        text = read_aloud(pcm, self._rate)
        if "fail" in text:
            raise ProviderError("cannot hear", retryable=False)
        if "mumble" in text:
            return Transcript(text="")
        return Transcript(text=text, words=(TimedWord(text=text, start_ms=100, end_ms=200),))

    async def aclose(self) -> None:
        self.closed = True


def streaming(stt: STT | None = None) -> StreamingSTT:
    return StreamingSTT(stt or Reader(), scripted_providers.vad({}))


async def events_of(stt: STT, *pieces: bytes | None, language: str = "", size: int = 640) -> list[SpeechEvent]:
    """What the stream tells of ``pieces``, None being a flush, cut to ``size``."""
    stream = stt.stream(language=language)
    for piece in pieces:
        if piece is None:
            stream.flush()
        else:
            for at in range(0, len(piece), size):
                stream.push(AudioChunk(pcm=piece[at : at + size], rate_hz=stt.rate_hz))
    stream.end_input()
    return [event async for event in stream]


def tell(*pieces: bytes | None, stt: STT | None = None, **options: Any) -> list[SpeechEvent]:
    return virtual_time.run(events_of(stt or streaming(), *pieces, **options))


def texts(events: list[SpeechEvent]) -> list[str]:
    return [event.transcript.text for event in events if isinstance(event, FinalTranscript)]


QUIET = bytes(RATE)


@pytest.mark.parametrize("size", [2, 640, 1_000, 32_000])
def test_each_utterance_is_told_with_its_times(size: int) -> None:
    events = tell(QUIET, spoken("hello there", pause_s=0.6), spoken("and more to say", pause_s=0.6), size=size)
    assert [type(event) for event in events] == [SpeechStarted, FinalTranscript, SpeechEnded, RecognitionUsage] * 2
    assert texts(events) == ["hello there", "and more to say"]
    starts = [event.at_ms for event in events if isinstance(event, SpeechStarted)]
    ends = [event.at_ms for event in events if isinstance(event, SpeechEnded)]
    assert starts == [500, 500 + 110 + 600 - (500 + 110 + 600) % 20]
    assert all(start < end for start, end in zip(starts, ends, strict=True))
    words = [word for event in events if isinstance(event, FinalTranscript) for word in event.transcript.words]
    assert [word.start_ms for word in words] == [start - 300 + 100 for start in starts]
    assert all(isinstance(event, RecognitionUsage) is False or event.audio_s > 0 for event in events)


def test_what_was_not_understood_is_no_transcript() -> None:
    assert [type(event) for event in tell(QUIET, spoken("mumble", pause_s=0.6))] == [SpeechStarted, SpeechEnded, RecognitionUsage]


def test_silence_is_nothing() -> None:
    assert tell(QUIET * 20) == []
    assert tell() == []


def test_a_flush_ends_what_is_said_and_is_answered_each_time() -> None:
    events = tell(QUIET, spoken("hello there"), None, None, spoken("second half"), None)
    assert [type(event) for event in events if not isinstance(event, RecognitionUsage)] == [
        *(SpeechStarted, FinalTranscript, SpeechEnded, TranscriptFlushed, TranscriptFlushed),
        *(SpeechStarted, FinalTranscript, SpeechEnded, TranscriptFlushed),
    ]
    assert texts(events)[0] == "hello there"
    assert "second half" in texts(events)[1]


def test_the_end_of_the_input_is_a_flush_without_an_answer() -> None:
    events = tell(QUIET, spoken("hello there"))
    assert texts(events) == ["hello there"]
    assert not any(isinstance(event, TranscriptFlushed) for event in events)


def test_the_language_is_handed_on() -> None:
    reader = Reader()
    tell(QUIET, spoken("hello there", pause_s=0.6), stt=streaming(reader), language="en-US")
    assert reader.languages == ["en-US"]


def test_a_recogniser_of_another_rate_than_the_detector_s_is_fine() -> None:
    events = tell(bytes(48_000), spoken("hello there", 24_000, pause_s=0.6), stt=streaming(Reader(24_000)), size=960)
    assert texts(events) == ["hello there"]


def test_a_failure_ends_the_stream() -> None:
    async def test() -> None:
        stream = streaming().stream()
        for pcm in (QUIET, spoken("this will fail", pause_s=0.6)):
            stream.push(AudioChunk(pcm=pcm, rate_hz=RATE))
        with pytest.raises(ProviderError, match="cannot hear"):
            [event async for event in stream]

    virtual_time.run(test())


def test_audio_of_another_rate_is_refused_and_too_much_that_waits() -> None:
    async def test() -> None:
        stream = streaming().stream()
        with pytest.raises(InvalidAudioError, match="takes 16000 Hz, not 8000"):
            stream.push(AudioChunk(pcm=bytes(320), rate_hz=8_000))
        second = AudioChunk(pcm=bytes(32_000), rate_hz=RATE)
        for _ in range(30):
            stream.push(second)
        with pytest.raises(ProviderError, match="more than 30 s of audio wait in the stream"):
            stream.push(second)
        await stream.aclose()

    virtual_time.run(test())


def test_long_speech_keeps_no_more_audio_than_it_needs() -> None:
    async def test() -> None:
        stream: Any = streaming().stream()
        events = aiter(stream)
        for _ in range(10):
            for _ in range(25):
                stream.push(AudioChunk(pcm=bytes(32_000), rate_hz=RATE))
            stream.flush()
            assert isinstance(await anext(events), TranscriptFlushed)
            assert len(stream._audio) <= 32_000
        await events.aclose()

    virtual_time.run(test())


def test_an_adapter_is_what_it_adapts_and_streams() -> None:
    reader = Reader()
    stt = streaming(reader)
    assert stt.label == reader.label
    assert stt.rate_hz == reader.rate_hz
    assert stt.capabilities == replace(reader.capabilities, streaming=True, start_of_speech=True)
    stt.prewarm()
    assert virtual_time.run(stt.recognize(spoken("hello there"))).text == "hello there"
    virtual_time.run(stt.aclose())
    assert reader.warm
    assert reader.closed


@pytest.mark.parametrize(
    ("pcm", "text"),
    [
        (b"", ""),
        (spoken("hello there"), "hello there"),
        (QUIET + spoken("hello there", pause_s=0.6) + spoken("again", pause_s=0.6), "hello there again"),
    ],
)
def test_an_utterance_is_recognised_by_a_stream(pcm: bytes, text: str) -> None:
    assert virtual_time.run(recognize_by_stream(streaming(), pcm, language="en")).text == text


def test_parts_of_an_utterance_are_one() -> None:
    word = TimedWord(text="a", start_ms=0, end_ms=5)
    parts = [
        Transcript(text=" a ", confidence=0.9, words=(word,)),
        Transcript(text=""),
        Transcript(text="b", language="en", confidence=0.5, speaker_id="one"),
        Transcript(text="c", language="de", speaker_id="two"),
    ]
    assert joined(parts) == Transcript(text="a b c", language="en", confidence=0.5, words=(word,), speaker_id="one")
    assert joined([]) == Transcript(text="")


def test_a_stream_that_fails_fails_the_utterance_and_is_closed() -> None:
    class Failing(STT):
        closed = False

        def stream(self, *, language: str = "") -> Any:
            return self

        def push(self, audio: AudioChunk) -> None:
            raise ProviderError("full", retryable=True)

        async def aclose(self) -> None:
            self.closed = True

    stt = Failing()
    with pytest.raises(ProviderError, match="full"):
        virtual_time.run(recognize_by_stream(stt, bytes(2)))
    assert stt.closed
