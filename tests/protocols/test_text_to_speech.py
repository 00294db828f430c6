import pytest

from protocols import (
    TTS,
    AlignedAudio,
    AudioChunk,
    InvalidAudioError,
    ProviderError,
    SegmentEnded,
    SynthesisEvent,
    TimedWord,
    TTSCapabilities,
)


class Mute(TTS):
    rate_hz = 24_000


def test_by_default_a_voice_speaks_sentences_and_knows_no_words() -> None:
    assert Mute().capabilities == TTSCapabilities(streaming=False, aligned_transcript=False)


def test_the_form_that_it_does_not_have_is_an_error_that_names_the_other() -> None:
    with pytest.raises(ProviderError, match=r"Mute only streams: speak with its stream\(\)") as failure:
        Mute().synthesize("hello")
    assert (failure.value.retryable, failure.value.fault) == (False, "configuration")
    with pytest.raises(ProviderError, match=r"Mute does not stream: use its synthesize\(\)"):
        Mute().stream()


def test_audio_with_words_is_audio() -> None:
    word = TimedWord(text="hello", start_ms=0, end_ms=5)
    audio = AlignedAudio(pcm=bytes(320), rate_hz=16_000, words=(word,))
    assert isinstance(audio, AudioChunk)
    assert isinstance(audio, SynthesisEvent)
    assert (audio.samples, audio.words) == (160, (word,))
    assert AlignedAudio(pcm=bytes(320), rate_hz=16_000).words == ()


@pytest.mark.parametrize(("pcm", "rate_hz"), [(b"", 16_000), (b"\0", 16_000), (bytes(2), 11_025), (bytes(32_002), 16_000)])
def test_audio_with_words_is_refused_as_audio_is(pcm: bytes, rate_hz: int) -> None:
    with pytest.raises(InvalidAudioError):
        AlignedAudio(pcm=pcm, rate_hz=rate_hz)


def test_a_segment_ends() -> None:
    assert isinstance(SegmentEnded(), SynthesisEvent)
