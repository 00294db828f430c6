"""Speech from text with Hibari's voice "heart", which lies in its wheel."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from actors.providers.offline.libraries import load_library
from actors.providers.offline.memory import return_free_memory
from actors.providers.offline.networks import load_network
from actors.providers.spoken import as_spoken
from protocols import TTS, AudioChunk, ProviderError

RATE_HZ: Final = 24_000
CHUNK_SAMPLES: Final = RATE_HZ // 2
"""Most samples of one chunk: half a second."""
_SEED: Final = 1  # of the breath noise: the same text has the same samples, in every process


class HibariTTS(TTS):
    """A `TTS` for English, 20 to 40 ms to a sentence's audio. All objects of a process share one voice without threads.

    ``speed`` is the pace, ``pitch`` deepens (below 1) or raises the voice and its timbre without changing the pace: another speaker.
    Text that English letters cannot write has no audio. Numbers, codes, dates, money and units are said as `as_spoken` writes them.

    Raises:
        MissingExtraError: hibari-tts is not installed.
    """

    label = "hibari/heart"
    rate_hz: Final = RATE_HZ

    def __init__(self, *, speed: float = 1.0, pitch: float = 1.0) -> None:
        self._speed = speed
        self._pitch = pitch
        self._voice = _voice()

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """Stream the audio of ``text``, the first chunk with its first sentence; each sentence is computed in a thread.

        Raises:
            ProviderError: the voice failed.
        """
        sentences = self.sentences(text)
        while (samples := await asyncio.to_thread(next, sentences, None)) is not None:
            for at in range(0, len(samples), CHUNK_SAMPLES):
                yield AudioChunk(pcm=samples[at : at + CHUNK_SAMPLES].tobytes(), rate_hz=RATE_HZ)

    def sentences(self, text: str) -> Iterator[NDArray[np.int16]]:
        """The samples of ``text``, sentence by sentence, each computed when it is asked for. After the last, free memory is given back.

        Raises:
            ProviderError: the voice failed.
        """
        # Played slower the voice is deeper; spoken faster by as much it keeps its pace.
        spoken = self._voice.stream(as_spoken(text), speed=self._speed / self._pitch, seed=_SEED)
        while True:
            try:
                audio = next(spoken, None)
            except Exception as failure:  # the seam to the library, whose errors have no common base
                raise ProviderError(f"Hibari failed: {failure}", retryable=True) from failure
            if audio is None:
                return_free_memory()
                return
            yield np.rint(np.clip(_stretched(audio, 1 / self._pitch), -1.0, 1.0) * 32767).astype("<i2")


def _stretched(audio: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """A whole sentence played slower by ``factor``, by its spectrum: exact, since it begins and ends in silence."""
    length = round(len(audio) * factor)
    if length in (0, len(audio)):
        return audio
    return np.asarray(np.fft.irfft(np.fft.rfft(audio), length) * (length / len(audio)), np.float32)


@cache
def _voice() -> Any:  # noqa: ANN401 - hibari-tts is published without types
    voice = load_library("hibari").Hibari(voice="heart", threads=1)
    voice.sess = load_network(voice.model_path)  # instead of its own, which keeps the buffers of the longest sentence
    return voice
