"""A recogniser that keeps its contract passes each check; for each check there is one that breaks what it promises."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from livekitex_agent.testing.conformance import stt
from livekitex_agent.testing.fakes import scripted_stt
from protocols import (
    STT,
    AudioChunk,
    FinalTranscript,
    InterimTranscript,
    ProviderError,
    SpeechEnded,
    SpeechStarted,
    STTCapabilities,
    TimedWord,
    Transcript,
    TranscriptFlushed,
)
from support.conforming import GoodSTT, breaks, require_found, turns
from support.scripted_providers import spoken

SAID = "two small pizzas, please"


def subject(make: Any, **changes: Any) -> stt.STTSubject:
    given = {"make": make, "speech": spoken(SAID), "words": ("two", "pizzas"), "language": "en", "timeout_s": 5.0}
    return stt.STTSubject(**{**given, **changes})


def check_of(name: str) -> Any:
    return next(check for check in stt.CHECKS if str(check) == name)


def test_a_good_recogniser_passes() -> None:
    for check in stt.CHECKS:
        assert check(subject(GoodSTT)) is (str(check) != "finds_the_end_of_a_turn"), str(check)


def capable(**changes: Any) -> property:
    return property(lambda self: replace(STTCapabilities(streaming=True, languages=frozenset({"en"})), **changes))


def giving(change: Any) -> Any:
    async def recognize(self: Any, pcm: bytes, *, language: str = "") -> Any:
        return change(await GoodSTT.recognize(self, pcm, language=language))

    return recognize


async def any_audio(self: Any, pcm: bytes, *, language: str = "") -> Transcript:
    return await GoodSTT.recognize(self, pcm[: len(pcm) // 2 * 2], language="en")


async def retryable(self: Any, pcm: bytes, *, language: str = "") -> Transcript:
    try:
        return await GoodSTT.recognize(self, pcm, language=language)
    except ProviderError as failure:
        raise ProviderError(str(failure), retryable=True) from failure


async def at_once(self: Any, pcm: bytes, *, language: str = "") -> Transcript:
    return Transcript(text=SAID)


async def once(self: Any, pcm: bytes, *, language: str = "") -> Transcript:
    if getattr(self, "asked", False):
        raise ProviderError("Broken: busy", retryable=True)
    self.asked = True
    return await GoodSTT.recognize(self, pcm, language=language)


async def shared(self: Any, pcm: bytes, *, language: str = "") -> Transcript:
    self.pcm = max(getattr(self, "pcm", b""), pcm, key=len)
    await turns()
    return await GoodSTT.recognize(self, self.pcm, language=language)


class Stream:
    """A stream around a good one, with one thing changed."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __aiter__(self) -> Any:
        return self.inner.__aiter__()


def streaming(kind: type[Stream], **changes: Any) -> type:
    return breaks(GoodSTT, stream=lambda self, *, language="": kind(GoodSTT.stream(self, language=language)), **changes)


def telling(change: Any) -> type:
    """A recogniser whose stream tells, for each event, what ``change`` makes of it."""

    class Told(Stream):
        async def __aiter__(self) -> Any:
            async for event in self.inner:
                for each in change(event):
                    yield each

    return streaming(Told)


class TakesAnyRate(Stream):
    def push(self, audio: AudioChunk) -> None:
        if audio.rate_hz == 16_000:
            self.inner.push(audio)


class TakesMore(Stream):
    ended = False

    def push(self, audio: AudioChunk) -> None:
        if not self.ended:
            self.inner.push(audio)

    def end_input(self) -> None:
        self.ended = True
        self.inner.end_input()


class NeverEnds(Stream):
    async def aclose(self) -> None:
        return None


class FlushesOnce(Stream):
    flushed = 0

    def flush(self) -> None:
        self.flushed += 1
        if self.flushed == 1:
            self.inner.flush()


class BreaksAfterARefusal(Stream):
    def push(self, audio: AudioChunk) -> None:
        try:
            self.inner.push(audio)
        except Exception:
            self.inner._failed = True
            raise


async def twice_closed(self: Any) -> None:
    if getattr(self, "closed", False):
        raise RuntimeError("Broken: closed twice")
    self.closed = True


class ReadsTurns(GoodSTT):
    """Finds a turn over after 600 ms of silence."""

    @property
    def capabilities(self) -> STTCapabilities:
        return replace(scripted_stt({"end_of_turn_ms": 600}).capabilities, languages=frozenset({"en"}))

    def stream(self, *, language: str = "") -> Any:
        return scripted_stt({"end_of_turn_ms": 600}).stream(language=language)


def finding(change: Any) -> type:
    """One that finds the end of a turn and whose stream tells, for each event, what ``change`` makes of it."""

    class Told(Stream):
        async def __aiter__(self) -> Any:
            async for event in self.inner:
                for each in change(event):
                    yield each

    return breaks(ReadsTurns, stream=lambda self, *, language="": Told(ReadsTurns.stream(self, language=language)))


def interim(event: Any) -> list[Any]:
    return [InterimTranscript(transcript=event.transcript), event] if isinstance(event, FinalTranscript) else [event]


LATE = TimedWord(text="late", start_ms=0, end_ms=60_000, speaker_id="one")
BROKEN: dict[str, list[type]] = {
    "says_what_it_is": [
        breaks(GoodSTT, label=""),
        breaks(GoodSTT, rate_hz=11_025),
        breaks(GoodSTT, capabilities=property(lambda self: {"streaming": True})),
        breaks(GoodSTT, capabilities=capable(languages=frozenset({"en-US"}))),
        breaks(GoodSTT, capabilities=capable(languages=frozenset({"EN"}))),
        breaks(GoodSTT, capabilities=capable(streaming=False), recognize=STT.recognize),
        breaks(GoodSTT, capabilities=capable(streaming=False, interim_results=True)),
        breaks(GoodSTT, capabilities=capable(streaming=False, start_of_speech=True)),
        breaks(GoodSTT, capabilities=capable(streaming=False, end_of_turn=True)),
    ],
    "recognizes_an_utterance": [
        breaks(GoodSTT, recognize=giving(lambda heard: replace(heard, text="one salad"))),
        breaks(GoodSTT, recognize=giving(lambda heard: heard.text)),
        breaks(GoodSTT, recognize=giving(lambda heard: replace(heard, text=f" {heard.text}"))),
        breaks(GoodSTT, recognize=giving(lambda heard: replace(heard, words=()))),
        breaks(GoodSTT, recognize=giving(lambda heard: replace(heard, words=(LATE,)))),
        breaks(GoodSTT, recognize=giving(lambda heard: replace(heard, speaker_id=""))),
        breaks(GoodSTT, recognize=giving(lambda heard: replace(heard, confidence=1.5))),
    ],
    "understands_nothing_in_a_moment_of_silence": [breaks(GoodSTT, recognize=giving(lambda heard: Transcript(text="you")))],
    "refuses_half_a_sample": [breaks(GoodSTT, recognize=any_audio), breaks(GoodSTT, recognize=retryable)],
    "refuses_a_language_that_it_does_not_know": [breaks(GoodSTT, recognize=any_audio), breaks(GoodSTT, recognize=retryable)],
    "lets_the_loop_run": [breaks(GoodSTT, recognize=at_once)],
    "works_after_it_was_cancelled": [breaks(GoodSTT, recognize=once)],
    "keeps_utterances_apart": [breaks(GoodSTT, recognize=shared)],
    "streams_an_utterance": [
        telling(lambda event: [] if isinstance(event, FinalTranscript) else [event]),
        telling(lambda event: [event, event] if isinstance(event, SpeechStarted) else [event]),
        telling(lambda event: [] if isinstance(event, SpeechEnded) else [event]),
        telling(lambda event: [SpeechEnded(at_ms=60_000)] if isinstance(event, SpeechEnded) else [event]),
        telling(interim),
        telling(lambda event: [event, "event"]),
    ],
    "recognizes_by_a_stream": [telling(lambda event: [] if isinstance(event, FinalTranscript) else [event])],
    "answers_each_flush": [
        telling(lambda event: [event, event] if isinstance(event, TranscriptFlushed) else [event]),
        streaming(FlushesOnce),
    ],
    "finds_the_end_of_a_turn": [
        breaks(ReadsTurns, stream=lambda self, *, language="": scripted_stt({"streaming": True}).stream(language=language)),
        finding(lambda event: [replace(event, at_ms=event.at_ms + 3_000)] if isinstance(event, SpeechEnded) else [event]),
        finding(lambda event: [] if isinstance(event, FinalTranscript) else [event]),
        finding(lambda event: [] if isinstance(event, SpeechStarted) else [event]),
        finding(lambda event: [event, event] if isinstance(event, SpeechEnded) else [event]),
    ],
    "refuses_audio_of_another_rate": [streaming(TakesAnyRate), streaming(BreaksAfterARefusal)],
    "takes_nothing_after_the_end_of_its_input": [streaming(TakesMore)],
    "ends_when_it_is_closed": [streaming(NeverEnds)],
}
CASES = [(name, broken) for name, kinds in BROKEN.items() for broken in kinds]


@pytest.mark.parametrize(("name", "broken"), CASES)
def test_a_recogniser_that_breaks_a_promise_is_found(name: str, broken: type) -> None:
    hangs = name == "ends_when_it_is_closed"
    check = check_of(name)
    if issubclass(broken, GoodSTT) and broken.stream is not GoodSTT.stream and name == "refuses_audio_of_another_rate":
        with pytest.raises(Exception, match=r"Broken|stream is over"):
            check(subject(broken))
        return
    require_found(check, subject(broken, timeout_s=0.1 if hangs else 5.0))


def test_a_recogniser_that_finds_the_end_of_turns_is_checked_in_that() -> None:
    applied = {str(check): check(subject(ReadsTurns)) for check in stt.CHECKS}
    assert applied["finds_the_end_of_a_turn"]
    assert not check_of("finds_the_end_of_a_turn")(subject(GoodSTT))


def test_each_check_can_fail() -> None:
    assert {*BROKEN, "warms_up_and_closes_more_than_once"} == {str(check) for check in stt.CHECKS}
    with pytest.raises(RuntimeError, match="closed twice"):
        stt.CHECKS[-1](subject(breaks(GoodSTT, aclose=twice_closed)))


def test_a_recogniser_of_one_form_is_checked_in_that() -> None:
    batch = breaks(GoodSTT, capabilities=capable(streaming=False, languages=None))
    ran = {str(check): check(subject(batch)) for check in stt.CHECKS}
    assert {name for name, applied in ran.items() if not applied} == {
        *("streams_an_utterance", "recognizes_by_a_stream", "answers_each_flush", "refuses_audio_of_another_rate"),
        "finds_the_end_of_a_turn",
        *("takes_nothing_after_the_end_of_its_input", "ends_when_it_is_closed", "refuses_a_language_that_it_does_not_know"),
    }


def test_a_check_runs_on_a_loop_that_runs_already() -> None:
    assert asyncio.run(stt.CHECKS[0].check(subject(GoodSTT)))


@pytest.mark.parametrize("options", [{"end_of_turn_ms": 600}, {"streaming": True}, {}])
@pytest.mark.parametrize("check", stt.CHECKS, ids=str)
def test_the_scripted_recogniser_keeps_the_contract(check: Any, options: dict[str, Any]) -> None:
    check(subject(lambda: scripted_stt({"delay_ms": 10, **options})))
