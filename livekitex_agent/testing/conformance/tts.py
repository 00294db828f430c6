"""What every voice promises (`protocols.TTS`); used as ``conformance.stt`` is."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from actors import audio_of, stream_of, words_of
from livekitex_agent.testing.conformance.suite import TIMEOUT_S, Check, Suite, lets_others_run, require, warms_up_and_closes_twice
from protocols import (
    BYTES_PER_SAMPLE,
    SUPPORTED_RATES_HZ,
    TTS,
    AlignedAudio,
    ProviderError,
    SegmentEnded,
    SynthesisStream,
    TimedWord,
    TTSCapabilities,
    label_of,
)

LEAST_MS_PER_CHARACTER, MOST_MS_PER_CHARACTER = 10, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TTSSubject:
    """A voice to check: ``sentence`` is one of its language, of some ten words; ``short`` is a word or two."""

    make: Callable[[], TTS]
    sentence: str = "I would like two of them, and please be quick about it."
    short: str = "Yes, please."
    timeout_s: float = TIMEOUT_S


_SUITE: Final = Suite[TTS, TTSSubject]()


def _speaks(tts: TTS, _subject: TTSSubject) -> bool:
    return getattr(type(tts), "synthesize", None) is not TTS.synthesize


def _streams(tts: TTS, _subject: TTSSubject) -> bool:
    return tts.capabilities.streaming


def _aligns(tts: TTS, subject: TTSSubject) -> bool:
    return _speaks(tts, subject) and tts.capabilities.aligned_transcript


@_SUITE.check()
async def says_what_it_is(tts: TTS, subject: TTSSubject) -> None:
    """Label, rate and capabilities are of their kinds, and one of the forms is there."""
    require(tts, label_of(tts) == tts.label, f"its label is {tts.label!r}: give it a name")
    require(tts, tts.rate_hz in SUPPORTED_RATES_HZ, f"its rate_hz is {tts.rate_hz!r}: give one of {SUPPORTED_RATES_HZ}")
    capabilities = tts.capabilities
    require(tts, isinstance(capabilities, TTSCapabilities), f"its capabilities are a {type(capabilities).__name__}: give TTSCapabilities")
    require(tts, capabilities.streaming or _speaks(tts, subject), "it neither speaks sentences nor streams: write one of them")


@_SUITE.check(_speaks)
async def speaks_a_sentence(tts: TTS, subject: TTSSubject) -> None:
    """Its audio is of the rate that it says, is no silence, and lasts as long as speech does."""
    pcm, _ = await _spoken(tts, subject.sentence)
    require(tts, any(pcm), f"the audio of {subject.sentence!r} is silence")
    ms = len(pcm) * 1000 // BYTES_PER_SAMPLE // tts.rate_hz
    least, most = (len(subject.sentence) * each for each in (LEAST_MS_PER_CHARACTER, MOST_MS_PER_CHARACTER))
    require(tts, least <= ms <= most, f"the audio of {subject.sentence!r} lasts {ms} ms: is rate_hz right, and the audio PCM16 mono?")


@_SUITE.check(_speaks)
async def says_more_for_more_text(tts: TTS, subject: TTSSubject) -> None:
    """A sentence lasts longer than a word."""
    (long, _), (short, _) = await _spoken(tts, subject.sentence), await _spoken(tts, subject.short)
    require(tts, len(long) > len(short), f"it says {subject.short!r} for longer than {subject.sentence!r}")


@_SUITE.check(_speaks)
async def says_nothing_for_nothing(tts: TTS, _subject: TTSSubject) -> None:
    """Text without a sound has no audio, or silence, and is no failure."""
    for text in ("", " ", "\n", "…"):
        pcm, _ = await _spoken(tts, text)
        ms = len(pcm) * 1000 // BYTES_PER_SAMPLE // tts.rate_hz
        require(tts, ms <= MOST_MS_PER_CHARACTER, f"it says {ms} ms for {text!r}: give no audio")


@_SUITE.check(_aligns)
async def tells_its_words(tts: TTS, subject: TTSSubject) -> None:
    """The words are those of the text, in order, each once, within the audio."""
    pcm, words = await _spoken(tts, subject.sentence)
    ms = len(pcm) * 1000 // BYTES_PER_SAMPLE // tts.rate_hz
    said, told = (_letters(text) for text in (subject.sentence, "".join(word.text for word in words)))
    require(tts, said == told, f"of {subject.sentence!r} it tells the words {[word.text for word in words]}: tell each once")
    require(tts, all(a.start_ms <= b.start_ms for a, b in pairwise(words)), "its words are not in order")
    require(tts, all(word.end_ms <= ms + 1 for word in words), f"its words end after the {ms} ms of audio")


@_SUITE.check(_speaks)
async def lets_the_loop_run(tts: TTS, subject: TTSSubject) -> None:
    """While it computes, other tasks have their turns."""
    await lets_others_run(tts, _spoken(tts, subject.sentence))


@_SUITE.check(_speaks)
async def works_after_it_was_stopped(tts: TTS, subject: TTSSubject) -> None:
    """A sentence that is stopped in its first piece, or before, leaves the next one as it was."""
    stream = stream_of(tts, "synthesize", tts.synthesize(subject.sentence))
    async for _ in stream:
        break
    if hasattr(stream, "aclose"):
        await stream.aclose()
    task = asyncio.ensure_future(_spoken(tts, subject.sentence))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,))
    pcm, _ = await _spoken(tts, subject.sentence)
    require(tts, any(pcm), "it says nothing after a sentence that was stopped")


@_SUITE.check(_speaks)
async def keeps_sentences_apart(tts: TTS, subject: TTSSubject) -> None:
    """Two sentences at a time have their own audio each."""
    (long, _), (short, _) = await asyncio.gather(_spoken(tts, subject.sentence), _spoken(tts, subject.short))
    require(tts, any(short) and len(long) > len(short), "of two sentences at a time, the longer has no more audio: keep them apart")


@_SUITE.check(_streams)
async def speaks_a_stream(tts: TTS, subject: TTSSubject) -> None:
    """Text that comes in pieces is said, segment by segment."""
    stream = tts.stream()
    try:
        for segment in (subject.sentence, subject.short):
            for letter in segment:
                stream.push_text(letter)
            stream.flush()
        stream.end_input()
        lengths = await _segments(tts, stream)
    finally:
        await stream.aclose()
    require(tts, len(lengths) == 2, f"it ends {len(lengths)} segments of 2: give a SegmentEnded for each flush")  # noqa: PLR2004 - two
    require(tts, lengths[0] > lengths[1] > 0, f"its segments have {lengths} samples: give each the audio of its own text")


@_SUITE.check(_streams)
async def ends_the_last_segment_without_a_flush(tts: TTS, subject: TTSSubject) -> None:
    """The end of the input ends what is open; ending it twice does nothing, and text after it is refused."""
    stream = tts.stream()
    try:
        stream.push_text(subject.short)
        stream.end_input()
        stream.end_input()
        refused = False
        try:
            stream.push_text(subject.short)
        except ProviderError:
            refused = True
        require(tts, refused, "its stream takes text after end_input(): raise ProviderError")
        lengths = await _segments(tts, stream)
        require(tts, len(lengths) == 1 and lengths[0] > 0, f"it ends {len(lengths)} segments of 1 at the end of the input")
    finally:
        await stream.aclose()


@_SUITE.check(_streams)
async def ends_when_it_is_closed(tts: TTS, subject: TTSSubject) -> None:
    """Closing a stream, twice, ends its iteration though its input has not ended."""
    stream = tts.stream()

    async def read() -> None:
        with suppress(ProviderError):
            async for _ in stream:
                pass

    reading = asyncio.ensure_future(read())
    stream.push_text(subject.short)
    await asyncio.sleep(0)
    await stream.aclose()
    await stream.aclose()
    await reading


@_SUITE.check()
async def warms_up_and_closes_more_than_once(tts: TTS, _subject: TTSSubject) -> None:
    """A second prewarm() and a second aclose() do nothing."""
    await warms_up_and_closes_twice(tts)


async def _spoken(tts: TTS, text: str) -> tuple[bytes, tuple[TimedWord, ...]]:
    pcm, words = bytearray(), list[TimedWord]()
    async with aclosing(_chunks(tts, text)) as chunks:
        async for chunk in chunks:
            pcm += audio_of(tts, tts.rate_hz, chunk)
            if isinstance(chunk, AlignedAudio):
                words += words_of(tts, chunk.words)
    return bytes(pcm), tuple(words)


async def _chunks(tts: TTS, text: str) -> AsyncGenerator[object, None]:
    async for chunk in stream_of(tts, "synthesize", tts.synthesize(text)):
        yield chunk


async def _segments(tts: TTS, stream: SynthesisStream) -> list[int]:
    """The samples of each segment that has ended."""
    lengths, samples = list[int](), 0
    async for event in stream:
        if isinstance(event, SegmentEnded):
            lengths.append(samples)
            samples = 0
        else:
            samples += len(audio_of(tts, tts.rate_hz, event)) // BYTES_PER_SAMPLE
    require(tts, samples == 0, "its stream ends with audio of a segment that has not ended: give its SegmentEnded")
    return lengths


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


CHECKS: Final[tuple[Check[TTS, TTSSubject], ...]] = tuple(_SUITE)
"""The checks, by name: ``str(check)``."""
