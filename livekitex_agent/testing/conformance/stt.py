"""What every speech recogniser promises (`protocols.STT`).

::

    SUBJECT = stt.STTSubject(make=MySTT, speech=pcm, words=("two", "pizzas"))


    @pytest.mark.parametrize("check", stt.CHECKS, ids=str)
    def test_my_recogniser_keeps_the_contract(check):
        check(SUBJECT)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from actors import joined, recognize_by_stream, speech_event_of, transcript_of
from livekitex_agent.testing.conformance.suite import TIMEOUT_S, Check, Suite, lets_others_run, require, warms_up_and_closes_twice
from protocols import (
    BYTES_PER_SAMPLE,
    STT,
    SUPPORTED_RATES_HZ,
    AudioChunk,
    FinalTranscript,
    InterimTranscript,
    InvalidAudioError,
    PreflightTranscript,
    ProviderError,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    SpeechStream,
    STTCapabilities,
    Transcript,
    TranscriptFlushed,
    label_of,
)

CHUNK_MS: Final = 20
LONGEST_PAUSE_S: Final = 6
"""After so much silence every recogniser that finds the end of turns has found one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class STTSubject:
    """A recogniser to check.

    ``speech`` is one utterance, PCM16 mono at the recogniser's rate, in ``language``; what is understood has to have all ``words``.
    """

    make: Callable[[], STT]
    speech: bytes
    words: Sequence[str]
    language: str = ""
    timeout_s: float = TIMEOUT_S


_SUITE: Final = Suite[STT, STTSubject]()


def _recognizes(stt: STT, _subject: STTSubject) -> bool:
    return getattr(type(stt), "recognize", None) is not STT.recognize


def _streams(stt: STT, _subject: STTSubject) -> bool:
    return stt.capabilities.streaming


@_SUITE.check()
async def says_what_it_is(stt: STT, _subject: STTSubject) -> None:
    """Label, rate and capabilities are of their kinds, and one of the forms is there."""
    require(stt, label_of(stt) == stt.label, f"its label is {stt.label!r}: give it a name")
    require(stt, stt.rate_hz in SUPPORTED_RATES_HZ, f"its rate_hz is {stt.rate_hz!r}: take one of {SUPPORTED_RATES_HZ}")
    capabilities = stt.capabilities
    require(stt, isinstance(capabilities, STTCapabilities), f"its capabilities are a {type(capabilities).__name__}: give STTCapabilities")
    for language in capabilities.languages or ():
        require(stt, language.isalpha() and language.islower(), f"it names the language {language!r}: give codes of ISO 639, as 'en'")
    require(stt, capabilities.streaming or _recognizes(stt, _subject), "it neither recognises nor streams: write one of them")
    require(stt, capabilities.streaming or not capabilities.interim_results, "it has interim results and no stream: they come in streams")
    finds = capabilities.end_of_turn or capabilities.start_of_speech
    require(stt, capabilities.streaming or not finds, "it finds beginnings or ends of turns and has no stream: they come in streams")


@_SUITE.check(_recognizes)
async def recognizes_an_utterance(stt: STT, subject: STTSubject) -> None:
    """The words are understood, and the transcript is well-formed."""
    _understands(stt, subject, await stt.recognize(subject.speech, language=subject.language))


@_SUITE.check(_recognizes)
async def understands_nothing_in_a_moment_of_silence(stt: STT, subject: STTSubject) -> None:
    """A tenth of a second of nothing has no words."""
    heard = await stt.recognize(bytes(stt.rate_hz // 10 * BYTES_PER_SAMPLE), language=subject.language)
    require(stt, not transcript_of(stt, "recognize() gives", heard).text, f"it understands {heard.text!r} in silence: give no text")


@_SUITE.check(_recognizes)
async def refuses_half_a_sample(stt: STT, subject: STTSubject) -> None:
    """An odd number of bytes is no audio."""
    await _refuses(stt, stt.recognize(subject.speech + b"\0", language=subject.language), "half a sample")


@_SUITE.check(lambda stt, _: _recognizes(stt, _) and stt.capabilities.languages is not None)
async def refuses_a_language_that_it_does_not_know(stt: STT, subject: STTSubject) -> None:
    """A language that is not among the capabilities' is refused, not guessed."""
    await _refuses(stt, stt.recognize(subject.speech, language="tlh"), "a language that it does not know")


@_SUITE.check(_recognizes)
async def lets_the_loop_run(stt: STT, subject: STTSubject) -> None:
    """While it recognises, other tasks have their turns."""
    await lets_others_run(stt, stt.recognize(subject.speech, language=subject.language))


@_SUITE.check(_recognizes)
async def works_after_it_was_cancelled(stt: STT, subject: STTSubject) -> None:
    """Cancelling a recognition leaves the next one as it was."""
    task = asyncio.ensure_future(stt.recognize(subject.speech, language=subject.language))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,))
    _understands(stt, subject, await stt.recognize(subject.speech, language=subject.language))


@_SUITE.check(_recognizes)
async def keeps_utterances_apart(stt: STT, subject: STTSubject) -> None:
    """Two utterances at a time have their own words each."""
    silence = bytes(stt.rate_hz // 10 * BYTES_PER_SAMPLE)
    speech, nothing = await asyncio.gather(
        stt.recognize(subject.speech, language=subject.language), stt.recognize(silence, language=subject.language)
    )
    _understands(stt, subject, speech)
    require(stt, not nothing.text, f"of two utterances at a time, the silent one has the words {nothing.text!r}: keep them apart")


@_SUITE.check(_streams)
async def streams_an_utterance(stt: STT, subject: STTSubject) -> None:
    """The final transcripts of a stream have the words, and its events are in order."""
    events = await _events(stt, subject, _padded(stt, subject))
    duration_ms = len(_padded(stt, subject)) * 1000 // BYTES_PER_SAMPLE // stt.rate_hz
    speaking, last_ms = False, 0
    for event in events:
        match event:
            case SpeechStarted(at_ms=at_ms) | SpeechEnded(at_ms=at_ms):
                started = isinstance(event, SpeechStarted)
                require(stt, started is not speaking, f"its stream tells {type(event).__name__} twice: speech starts and ends in turn")
                require(
                    stt, last_ms <= at_ms <= duration_ms, f"its stream tells {event} of {duration_ms} ms, after {last_ms}: count samples"
                )
                speaking, last_ms = started, at_ms
            case InterimTranscript() | PreflightTranscript():
                require(stt, stt.capabilities.interim_results, f"its stream tells {type(event).__name__}: say so in its capabilities")
            case _:
                pass
    require(stt, not speaking, "its stream ends with SpeechStarted and no SpeechEnded: end what has begun")
    _understands(stt, subject, joined([event.transcript for event in events if isinstance(event, FinalTranscript)]))


@_SUITE.check(_streams)
async def recognizes_by_a_stream(stt: STT, subject: STTSubject) -> None:
    """An utterance that is pushed at once is understood as one that comes bit by bit."""
    _understands(stt, subject, await recognize_by_stream(stt, _padded(stt, subject), language=subject.language))


@_SUITE.check(_streams)
async def answers_each_flush(stt: STT, subject: STTSubject) -> None:
    """After a flush the final transcripts are told, and then TranscriptFlushed; each flush has one."""
    stream = stt.stream(language=subject.language)
    try:
        _push(stt, stream, _padded(stt, subject))
        stream.flush()
        heard: list[Transcript] = []
        async for event in _checked(stt, stream):
            if isinstance(event, FinalTranscript):
                heard.append(event.transcript)
            if isinstance(event, TranscriptFlushed):
                break
        _understands(stt, subject, joined(heard))
    finally:
        await stream.aclose()
    events = await _events(stt, subject, b"", flushes=3)
    flushed = sum(isinstance(event, TranscriptFlushed) for event in events)
    require(stt, flushed == 3, f"it answers 3 flushes with {flushed} TranscriptFlushed: give one for each")  # noqa: PLR2004 - three


@_SUITE.check(lambda stt, _: stt.capabilities.streaming and stt.capabilities.end_of_turn)
async def finds_the_end_of_a_turn(stt: STT, subject: STTSubject) -> None:
    """Without a flush it tells where a turn was over, once, behind all of its words; and where it began, if it says so."""
    stream = stt.stream(language=subject.language)
    pcm = _padded(stt, subject)
    speech_ms = _ms(stt, pcm)
    pcm += bytes(stt.rate_hz * LONGEST_PAUSE_S * BYTES_PER_SAMPLE)
    events: list[SpeechEvent] = []
    try:
        _push(stt, stream, pcm)
        with suppress(TimeoutError):
            async with asyncio.timeout(subject.timeout_s / 2):
                async for event in _checked(stt, stream):
                    events.append(event)
                    if isinstance(event, SpeechEnded):
                        stream.end_input()
    finally:
        await stream.aclose()
    ends = [at for at, event in enumerate(events) if isinstance(event, SpeechEnded)]
    told = f"of a turn and {LONGEST_PAUSE_S} s of silence its stream tells {len(ends)} SpeechEnded: tell one, or leave end_of_turn out"
    require(stt, len(ends) == 1, told)
    before = events[: ends[0]]
    ended_ms = [event.at_ms for event in events if isinstance(event, SpeechEnded)]
    late = f"it tells that a turn of {speech_ms} ms was over at {ended_ms[0]} ms: tell where its speech ended"
    require(stt, ended_ms[0] <= speech_ms, late)
    _understands(stt, subject, joined([event.transcript for event in before if isinstance(event, FinalTranscript)]))
    began = any(isinstance(event, SpeechStarted) for event in before)
    require(stt, began >= stt.capabilities.start_of_speech, "it says that it tells where speech begins, and tells no SpeechStarted")


@_SUITE.check(_streams)
async def refuses_audio_of_another_rate(stt: STT, subject: STTSubject) -> None:
    """Another rate is refused, and the stream goes on."""
    stream = stt.stream(language=subject.language)
    other = next(rate for rate in SUPPORTED_RATES_HZ if rate != stt.rate_hz)
    try:
        refused = False
        try:
            stream.push(AudioChunk(pcm=bytes(320), rate_hz=other))
        except InvalidAudioError:
            refused = True
        require(stt, refused, f"its stream takes audio of {other} Hz: raise InvalidAudioError for any rate but {stt.rate_hz} Hz")
        stream.push(AudioChunk(pcm=bytes(320), rate_hz=stt.rate_hz))
        stream.end_input()
        [event async for event in _checked(stt, stream)]
    finally:
        await stream.aclose()


@_SUITE.check(_streams)
async def takes_nothing_after_the_end_of_its_input(stt: STT, subject: STTSubject) -> None:
    """Audio after the end of the input is refused; ending it twice is not."""
    stream = stt.stream(language=subject.language)
    try:
        stream.end_input()
        stream.end_input()
        refused = False
        try:
            stream.push(AudioChunk(pcm=bytes(320), rate_hz=stt.rate_hz))
        except ProviderError:
            refused = True
        require(stt, refused, "its stream takes audio after end_input(): raise ProviderError")
        require(stt, not [event async for event in stream if isinstance(event, FinalTranscript)], "it understands words in no audio at all")
    finally:
        await stream.aclose()


@_SUITE.check(_streams)
async def ends_when_it_is_closed(stt: STT, subject: STTSubject) -> None:
    """Closing a stream, twice, ends its iteration though its input has not ended."""
    stream = stt.stream(language=subject.language)

    async def read() -> None:
        with suppress(ProviderError):
            async for _ in stream:
                pass

    reading = asyncio.ensure_future(read())
    stream.push(AudioChunk(pcm=bytes(320), rate_hz=stt.rate_hz))
    await asyncio.sleep(0)
    await stream.aclose()
    await stream.aclose()
    await reading


@_SUITE.check()
async def warms_up_and_closes_more_than_once(stt: STT, _subject: STTSubject) -> None:
    """A second prewarm() and a second aclose() do nothing."""
    await warms_up_and_closes_twice(stt)


def _padded(stt: STT, subject: STTSubject) -> bytes:
    """The speech between half seconds of silence, so that a stream finds its beginning and its end."""
    silence = bytes(stt.rate_hz // 2 * BYTES_PER_SAMPLE)
    return silence + subject.speech + silence * 2


def _ms(stt: STT, pcm: bytes) -> int:
    return len(pcm) * 1000 // BYTES_PER_SAMPLE // stt.rate_hz


def _push(stt: STT, stream: SpeechStream, pcm: bytes) -> None:
    size = stt.rate_hz * CHUNK_MS // 1000 * BYTES_PER_SAMPLE
    for at in range(0, len(pcm), size):
        stream.push(AudioChunk(pcm=pcm[at : at + size], rate_hz=stt.rate_hz))


async def _events(stt: STT, subject: STTSubject, pcm: bytes, *, flushes: int = 0) -> list[SpeechEvent]:
    stream = stt.stream(language=subject.language)
    try:
        _push(stt, stream, pcm)
        for _ in range(flushes):
            stream.flush()
        stream.end_input()
        return [event async for event in _checked(stt, stream)]
    finally:
        await stream.aclose()


async def _checked(stt: STT, stream: SpeechStream) -> AsyncIterator[SpeechEvent]:
    async for event in stream:
        yield speech_event_of(stt, event)


async def _refuses(stt: STT, recognition: object, what: str) -> None:
    failure: ProviderError | None = None
    try:
        await recognition  # type: ignore[misc]
    except ProviderError as raised:
        failure = raised
    require(stt, failure is not None, f"it takes {what}: raise ProviderError")
    require(stt, failure is not None and not failure.retryable, f"it says that a retry may help with {what}: it cannot")


def _understands(stt: STT, subject: STTSubject, value: Transcript) -> None:
    heard = transcript_of(stt, "recognize() gives", value)
    said = {"".join(filter(str.isalnum, word)).lower() for word in heard.text.split()}
    missing = [word for word in subject.words if word.lower() not in said]
    require(stt, not missing, f"it understands {heard.text!r}, without {missing}")
    require(stt, value.text == value.text.strip(), f"its text {value.text!r} has space around it: strip it")
    require(stt, bool(heard.words) >= stt.capabilities.aligned_words, "it says that it knows when words are said, and gives none")
    require(stt, bool(heard.speaker_id) >= stt.capabilities.diarization, "it says that it knows who speaks, and gives no speaker_id")
    most_ms = len(_padded(stt, subject)) * 1000 // BYTES_PER_SAMPLE // stt.rate_hz
    require(stt, all(word.end_ms <= most_ms for word in heard.words), f"its words end after the {most_ms} ms of audio: count samples")
    require(stt, all(a.start_ms <= b.start_ms for a, b in pairwise(heard.words)), "its words are not in order")


CHECKS: Final[tuple[Check[STT, STTSubject], ...]] = tuple(_SUITE)
"""The checks, by name: ``str(check)``."""
