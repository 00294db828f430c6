import asyncio

import pytest

from protocols import (
    STT,
    FinalTranscript,
    InterimTranscript,
    PreflightTranscript,
    ProviderError,
    RecognitionUsage,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    STTCapabilities,
    Transcript,
    TranscriptFlushed,
)

NOTHING = Transcript(text="")


class Deaf(STT):
    """Neither recognises nor streams."""


@pytest.mark.parametrize(
    ("language", "understood"),
    [("", True), ("en", True), ("en-US", True), ("EN_gb", True), ("de", False), ("de-CH", False), ("eng", False)],
)
def test_a_recogniser_understands_the_languages_that_it_says(language: str, understood: bool) -> None:
    assert STTCapabilities(languages=frozenset({"en", "fr"})).supports(language) is understood
    assert STTCapabilities().supports(language)


def test_by_default_it_recognises_utterances_of_the_session_s_rate() -> None:
    stt = Deaf()
    assert stt.rate_hz == 16_000
    assert stt.capabilities == STTCapabilities(streaming=False, interim_results=False, aligned_words=False, diarization=False)
    assert not stt.capabilities.end_of_turn
    assert not stt.capabilities.start_of_speech


def test_the_form_that_it_does_not_have_is_an_error_that_names_the_other() -> None:
    with pytest.raises(ProviderError, match="Deaf only streams: recognize with its stream") as failure:
        asyncio.run(Deaf().recognize(b"\0\0", language="en"))
    assert (failure.value.retryable, failure.value.fault) == (False, "configuration")
    with pytest.raises(ProviderError, match="Deaf does not stream: use its recognize"):
        Deaf().stream(language="en")


@pytest.mark.parametrize(
    "event",
    [
        SpeechStarted(at_ms=0),
        InterimTranscript(transcript=NOTHING),
        PreflightTranscript(transcript=NOTHING),
        FinalTranscript(transcript=NOTHING),
        SpeechEnded(at_ms=5),
        TranscriptFlushed(),
        RecognitionUsage(audio_s=1.5),
    ],
)
def test_a_stream_tells_of_speech_of_text_and_of_what_it_used(event: SpeechEvent) -> None:
    assert isinstance(event, SpeechEvent)


def test_of_a_transcript_only_the_text_is_always_known() -> None:
    assert (NOTHING.language, NOTHING.confidence, NOTHING.words, NOTHING.speaker_id) == ("", None, (), "")
