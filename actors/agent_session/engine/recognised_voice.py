"""The caller's voice where no voice activity detection hears it: from what the recogniser tells of beginnings and ends of speech."""

from typing import Final

from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ, VAD, AudioChunk, VADCapabilities, VADEvent, VADStream, VoiceActivity

FRAME_MS: Final = 20


class RecognisedVoice(VAD):
    """There is voice from `begin` to `end`, whatever audio comes. While the recogniser is out of order (`fail`), none is judged.

    So voice comes as late as the recogniser tells it. Its streams announce nothing: whoever calls `begin` knows. Used on the event loop.
    """

    capabilities: Final = VADCapabilities(frame_ms=FRAME_MS, graded=False)

    def __init__(self) -> None:
        self.speaking = False
        self.failure: Exception | None = None

    def begin(self) -> None:
        """Speech began."""
        self.speaking = True

    def end(self) -> None:
        """It is over."""
        self.speaking = False

    def fail(self, failure: Exception) -> None:
        """Nothing is heard until `work_again`."""
        self.failure, self.speaking = failure, False

    def work_again(self) -> None:
        """The recogniser listens, as far as is known."""
        self.failure = None

    def prewarm(self) -> None:
        """Nothing is to be loaded."""

    def stream(self, *, start_ms: int = 0) -> VADStream:
        """See `VAD.stream`."""
        return _Stream(self, start_ms)

    async def aclose(self) -> None:
        """Nothing is held."""


class _Stream(VADStream):
    def __init__(self, voice: RecognisedVoice, start_ms: int) -> None:
        self._voice = voice
        self._at, self._voiced = start_ms, 0

    def push(self, audio: AudioChunk) -> tuple[VADEvent, ...]:
        if self._voice.failure is not None:
            raise self._voice.failure
        length_ms = len(audio.pcm) // BYTES_PER_SAMPLE * 1000 // SESSION_RATE_HZ
        self._at += length_ms
        speaking = self._voice.speaking
        self._voiced = self._voiced + length_ms if speaking else 0
        activity = VoiceActivity(at_ms=self._at, probability=float(speaking), voiced_ms=self._voiced, silent_ms=0, speaking=speaking)
        return (activity,)

    def flush(self) -> tuple[VADEvent, ...]:
        return ()

    def reset(self, *, start_ms: int = 0) -> None:
        self._at, self._voiced = start_ms, 0
