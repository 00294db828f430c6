"""What plays speech that is handed out ahead of the ear and may be recalled: the listener's side of the agent's output.

For a room, a loudspeaker, a test. Audio comes with the position of its first sample in its speech; a recall (`clear`) takes back what was
not taken yet, but for a fade. What comes again is heard once. Pure; holds at most `MAX_HELD_S`.
"""

from typing import Final

from actors.media.gain import faded_out
from protocols import BYTES_PER_SAMPLE

MAX_HELD_S: Final = 30.0
"""Whoever pushes faster than is taken, by more than this, loses the oldest."""


class PlaybackBuffer:
    """Plays one speech after the other at ``rate_hz``."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._speech_id = ""
        self._held = bytearray()
        self._end = 0
        self.dropped = 0
        """Samples that were lost at the bound."""

    @property
    def held_s(self) -> float:
        """How much was pushed and not taken, in seconds."""
        return self._samples / self._rate_hz

    @property
    def position(self) -> int:
        """The sample of the newest speech that is taken next."""
        return self._end - self._samples

    def push(self, speech_id: str, position: int, pcm: bytes) -> None:
        """Add audio of a speech; another speech follows behind what is held. What was pushed before is not added again."""
        if speech_id != self._speech_id:
            self._speech_id, self._end = speech_id, position
        fresh = pcm[max(0, self._end - position) * BYTES_PER_SAMPLE :]
        self._held += fresh
        self._end = max(self._end, position + len(pcm) // BYTES_PER_SAMPLE)
        excess = self._samples - round(MAX_HELD_S * self._rate_hz)
        if excess > 0:
            del self._held[: excess * BYTES_PER_SAMPLE]
            self.dropped += excess

    def clear(self, speech_id: str, position: int, fade_ms: int) -> None:
        """Take back what is held of a speech from ``position`` on; with ``fade_ms`` what is left fades out, for nothing follows at once."""
        if speech_id != self._speech_id or position >= self._end:
            return
        fade = fade_ms * self._rate_hz // 1000
        until = position if position > self.position or not fade else self.position + fade  # too late: fade what would be next
        left = bytes(self._held[: max(0, min(self._end, until) - self.position) * BYTES_PER_SAMPLE])
        self._end = self.position + len(left) // BYTES_PER_SAMPLE
        self._held[:] = faded_out(left, self._rate_hz) if fade else left

    def take(self, samples: int) -> bytes:
        """The next ``samples`` to be heard; silence where there is no audio."""
        pcm = bytes(self._held[: samples * BYTES_PER_SAMPLE])
        del self._held[: len(pcm)]
        return pcm.ljust(samples * BYTES_PER_SAMPLE, b"\0")

    @property
    def _samples(self) -> int:
        return len(self._held) // BYTES_PER_SAMPLE
