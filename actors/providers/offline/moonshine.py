"""Speech recognition with Moonshine's model tiny-en, which lies in its wheel (version 0.1.0)."""

import asyncio
from functools import cache
from threading import Lock
from typing import Any, Final

import numpy as np

from actors.providers.offline.libraries import load_library
from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ, STT, ConfigurationError, Fault, ProviderError, STTCapabilities, Transcript

MIN_SPEECH_S: Final = 0.25
"""Shorter audio is not recognised: of a click the model makes "You"."""
MAX_SPEECH_S: Final = 60.0
"""Longer audio is refused."""

# The model would cut the audio by a voice detector of its own, which adds stray words: ours has done that.
_OPTIONS: Final = {"vad_threshold": "0.0", "return_audio_data": "false"}
_one_at_a_time = Lock()  # two calls at once give garbage


class MoonshineSTT(STT):
    """An `STT` for English, 50 to 150 ms for a sentence. All objects of a process share one model, one utterance at a time.

    The computation runs in a thread. Cancelling abandons it: it ends soon, and its text is dropped.

    Raises:
        MissingExtraError: moonshine-voice is not installed.
        ConfigurationError: it cannot load on this machine.
    """

    label = "moonshine/tiny-en"
    capabilities: Final = STTCapabilities(languages=frozenset({"en"}))
    rate_hz: Final = SESSION_RATE_HZ

    def __init__(self) -> None:
        self._model = _model()

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """What was said in one utterance; nothing in less than `MIN_SPEECH_S`.

        Raises:
            ProviderError: an odd number of bytes, more than `MAX_SPEECH_S`, another language than English, or the model failed.
        """
        if not self.capabilities.supports(language):
            raise ProviderError(f"Moonshine's tiny-en does not know the language {language!r}", retryable=False, fault=Fault.CALLER)
        if len(pcm) % BYTES_PER_SAMPLE:
            raise ProviderError(f"{len(pcm)} bytes are no PCM16: samples have two bytes", retryable=False, fault=Fault.CALLER)
        samples = len(pcm) // BYTES_PER_SAMPLE
        if samples < MIN_SPEECH_S * SESSION_RATE_HZ:
            return Transcript(text="", language="en")
        if samples > MAX_SPEECH_S * SESSION_RATE_HZ:
            text = f"an utterance of {samples / SESSION_RATE_HZ:.0f} s: cut it at {MAX_SPEECH_S:g} s"
            raise ProviderError(text, retryable=False, fault=Fault.CALLER)
        return Transcript(text=await asyncio.to_thread(self.recognize_blocking, pcm), language="en")

    def recognize_blocking(self, pcm: bytes) -> str:
        """The text of ``pcm``, whole samples of at most `MAX_SPEECH_S`; waits for other utterances of this process.

        Raises:
            ProviderError: the model failed.
        """
        audio = (np.frombuffer(pcm, "<i2") / np.float32(32768)).tolist()
        with _one_at_a_time:
            try:
                transcript = self._model.transcribe_without_streaming(audio, SESSION_RATE_HZ)
            except Exception as failure:  # the seam to the library, whose errors have no common base
                raise ProviderError(f"Moonshine failed: {failure}", retryable=True) from failure
        return " ".join(line.text.strip() for line in transcript.lines).strip()


@cache
def _model() -> Any:  # noqa: ANN401 - moonshine-voice is published without types
    library = load_library("moonshine_voice")
    try:
        return library.Transcriber(library.get_model_path("tiny-en"), library.ModelArch.TINY, options=_OPTIONS)
    except Exception as failure:
        raise ConfigurationError(f"Moonshine cannot load ({failure}): it needs Linux with glibc 2.34, and version 0.1.0") from failure
