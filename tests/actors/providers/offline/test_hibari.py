from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from actors.providers.offline import hibari, hibari_tts
from protocols import TTS, ProviderError

pytestmark = pytest.mark.asyncio
LINE = "Two pizzas cost twenty dollars. Anything else?"


async def audio(tts: TTS, text: str) -> bytes:
    return b"".join([chunk.pcm async for chunk in tts.synthesize(text)])


async def test_the_same_text_has_the_same_samples_whatever_was_said_before() -> None:
    tts = hibari_tts({})
    first = await audio(tts, LINE)
    await audio(tts, "Something else.")
    assert await audio(tts, LINE) == first
    assert await audio(hibari_tts({}), LINE) == first
    assert 1.5 < len(first) / 2 / tts.rate_hz < 5


async def test_chunks_are_short_and_the_first_needs_only_the_first_sentence() -> None:
    tts = hibari_tts({})
    spoken = tts.synthesize(LINE)
    chunks = [await anext(spoken)]
    whole = await audio(tts, LINE)
    assert whole.startswith(chunks[0].pcm)
    assert all(chunk.duration_s <= 0.5 for chunk in chunks)
    await spoken.aclose()  # type: ignore[attr-defined]  # an async generator
    assert await audio(tts, LINE) == whole


async def test_pitch_makes_another_speaker_at_the_same_pace_and_speed_another_pace() -> None:
    plain, deep, fast = [len(await audio(hibari_tts(options), LINE)) for options in ({}, {"pitch": 0.85}, {"speed": 1.5})]
    assert abs(deep - plain) < 0.15 * plain
    assert fast < 0.8 * plain
    assert await audio(hibari_tts({"pitch": 0.85}), LINE) != await audio(hibari_tts({}), LINE)


@pytest.mark.parametrize("text", ["", "   ", "...", "你好"])
async def test_what_cannot_be_said_has_no_audio(text: str) -> None:
    assert len(await audio(hibari_tts({}), text)) < 24_000


async def test_a_deeper_voice_is_stretched_without_loss() -> None:
    at = np.arange(2_400) / 24_000
    tone = (np.sin(2 * np.pi * 400 * at) * np.hanning(2_400)).astype(np.float32)
    slow = hibari._stretched(tone, 1.25)
    assert len(slow) == 3_000
    assert np.abs(slow).max() == pytest.approx(np.abs(tone).max(), rel=0.01)
    assert np.argmax(np.abs(np.fft.rfft(slow))) == np.argmax(np.abs(np.fft.rfft(tone)))


async def test_a_failure_of_the_library_is_a_provider_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def stream(self, text: str, **options: Any) -> Iterator[Any]:
            yield np.zeros(10, np.float32)
            raise RuntimeError("no memory")

    monkeypatch.setattr(hibari, "_voice", Broken)
    tts = hibari.HibariTTS()
    with pytest.raises(ProviderError, match="no memory"):
        await audio(tts, LINE)
