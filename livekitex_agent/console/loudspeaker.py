"""The agent's voice on its way to a loudspeaker that asks for it: what was recalled is not played, and the rate is the loudspeaker's.

One thread pushes, another (the sound system's) takes; neither waits long for the other.
"""

import threading

from actors import PlaybackBuffer, Resampler
from protocols import BYTES_PER_SAMPLE, AudioCleared, AudioPushed

BLOCKS_PER_S = 100


class Loudspeaker:
    """Holds at most what `PlaybackBuffer` does, and loses the oldest beyond."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._lock = threading.Lock()
        self._source_hz = rate_hz
        self._buffer = PlaybackBuffer(rate_hz)
        self._resampler = Resampler(rate_hz, rate_hz)
        self._ready = b""

    def take_in(self, piece: AudioPushed | AudioCleared) -> None:
        """Play this when it is its turn, or recall what is not played yet."""
        with self._lock:
            match piece:
                case AudioPushed(speech_id=speech_id, position=position, rate_hz=rate_hz, pcm=pcm):
                    if rate_hz != self._source_hz:
                        self._source_hz, self._buffer = rate_hz, PlaybackBuffer(rate_hz)
                        self._resampler = Resampler(rate_hz, self._rate_hz)
                    self._buffer.push(speech_id, position, pcm)
                case AudioCleared(speech_id=speech_id, position=position, fade_ms=fade_ms):
                    self._buffer.clear(speech_id, position, fade_ms)

    def give(self, samples: int) -> bytes:
        """The next ``samples`` at the loudspeaker's rate; silence where there is nothing to be heard."""
        wanted = samples * BYTES_PER_SAMPLE
        with self._lock:
            while len(self._ready) < wanted:
                self._ready += self._resampler.process(self._buffer.take(self._source_hz // BLOCKS_PER_S))
            given, self._ready = self._ready[:wanted], self._ready[wanted:]
        return given
