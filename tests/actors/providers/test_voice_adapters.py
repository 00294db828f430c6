"""A voice that speaks sentences takes text in pieces, and one that takes pieces speaks sentences."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from actors.providers import SentenceTTS, StreamingTTS
from protocols import TTS, AlignedAudio, AudioChunk, ProviderError, SegmentEnded, SynthesisEvent, TimedWord, TTSCapabilities
from support import virtual_time

RATE = 16_000


class Voice(TTS):
    """Says ten milliseconds for each letter."""

    rate_hz = RATE
    label = "voice"

    def __init__(self, *, aligned: bool = False) -> None:
        self._aligned = aligned
        self.said: list[str] = []
        self.closed = self.warm = False

    @property
    def capabilities(self) -> TTSCapabilities:
        return TTSCapabilities(aligned_transcript=self._aligned)

    def prewarm(self) -> None:
        self.warm = True

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        if "fail" in text:
            raise ProviderError("hoarse", retryable=False)
        self.said.append(text)
        pcm = bytes(320 * len(text))
        if not pcm:
            return
        if self._aligned:
            yield AlignedAudio(pcm=pcm, rate_hz=RATE, words=(TimedWord(text=text, start_ms=0, end_ms=10 * len(text)),))
        else:
            yield AudioChunk(pcm=pcm, rate_hz=RATE)

    async def aclose(self) -> None:
        self.closed = True


def speak(voice: TTS, *pieces: str | None) -> list[SynthesisEvent]:
    """What a stream of ``voice`` gives for ``pieces``, None being a flush."""

    async def work() -> list[SynthesisEvent]:
        stream = voice.stream()
        for piece in pieces:
            if piece is None:
                stream.flush()
            else:
                stream.push_text(piece)
        stream.end_input()
        return [event async for event in stream]

    return virtual_time.run(work())


@pytest.mark.parametrize(
    "pieces", [["Hello there. How are you?"], ["Hel", "lo there. How", " are you", "?"], [*"Hello there. How are you?"]]
)
def test_each_sentence_is_spoken_as_soon_as_it_stands(pieces: list[str]) -> None:
    voice = Voice()
    events = speak(StreamingTTS(voice), *pieces)
    assert voice.said == ["Hello there.", "How are you?"]
    assert [type(event) for event in events] == [AudioChunk, AudioChunk, SegmentEnded]


def test_a_flush_ends_a_segment_that_has_text() -> None:
    voice = Voice()
    events = speak(StreamingTTS(voice), None, "One moment", None, None, "please", None)
    assert voice.said == ["One moment", "please"]
    assert [type(event) for event in events] == [AudioChunk, SegmentEnded, AudioChunk, SegmentEnded]


@pytest.mark.parametrize("pieces", [[], [None], [None, None]])
def test_without_text_there_is_nothing(pieces: list[None]) -> None:
    assert speak(StreamingTTS(Voice()), *pieces) == []


def test_an_emoji_that_is_cut_between_two_pieces_is_put_together() -> None:
    voice = Voice()
    speak(StreamingTTS(voice), "a pizza \ud83c", "\udf55 and \udf55")
    assert voice.said == ["a pizza 🍕 and �"]


def test_times_of_words_count_from_the_beginning_of_the_segment() -> None:
    events = speak(StreamingTTS(Voice(aligned=True)), "Hello there. Bye now.", None, "And now.")
    words = [word for event in events if isinstance(event, AlignedAudio) for word in event.words]
    assert [(word.text, word.start_ms, word.end_ms) for word in words] == [
        ("Hello there.", 0, 120),
        ("Bye now.", 120, 200),
        ("And now.", 0, 80),
    ]


def test_a_voice_that_fails_ends_the_stream() -> None:
    with pytest.raises(ProviderError, match="hoarse"):
        speak(StreamingTTS(Voice()), "fail")


def test_too_much_text_that_waits_is_refused() -> None:
    async def work() -> None:
        stream = StreamingTTS(Voice()).stream()
        stream.push_text("x" * 16_000)
        with pytest.raises(ProviderError, match="voice: more than 16000 characters wait in the stream"):
            stream.push_text("x")
        await stream.aclose()

    virtual_time.run(work())


class Streaming(Voice):
    """Takes pieces alone."""

    def stream(self) -> Any:
        return StreamingTTS(Voice(aligned=True)).stream()

    def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        return TTS.synthesize(self, text)


def sentence(voice: TTS, text: str) -> list[AudioChunk]:
    async def work() -> list[AudioChunk]:
        return [chunk async for chunk in voice.synthesize(text)]

    return virtual_time.run(work())


def test_a_sentence_is_spoken_by_a_stream() -> None:
    (first, second) = sentence(SentenceTTS(Streaming()), "Hello there. Bye.")
    assert (first.samples, second.samples) == (1_920, 640)
    assert isinstance(second, AlignedAudio)
    assert second.words[0].start_ms == 120


def test_a_sentence_without_a_sound_has_no_audio() -> None:
    assert sentence(SentenceTTS(Streaming()), "") == []


def test_a_stream_that_fails_fails_the_sentence() -> None:
    with pytest.raises(ProviderError, match="hoarse"):
        sentence(SentenceTTS(Streaming()), "fail")


@pytest.mark.parametrize(("adapter", "streaming"), [(StreamingTTS, True), (SentenceTTS, False)])
def test_an_adapter_is_what_it_adapts(adapter: type[StreamingTTS], streaming: bool) -> None:
    voice = Voice(aligned=True)
    adapted = adapter(voice)
    assert (adapted.label, adapted.rate_hz) == ("voice", RATE)
    assert adapted.capabilities == replace(voice.capabilities, streaming=streaming)
    adapted.prewarm()
    virtual_time.run(adapted.aclose())
    assert voice.warm
    assert voice.closed


def test_what_a_voice_has_already_is_used() -> None:
    voice = Streaming()
    assert speak(SentenceTTS(voice), "Hello.") != []
    assert [chunk.samples for chunk in sentence(StreamingTTS(Voice()), "Hello")] == [800]
