"""The two sides of a call on one time axis, for a recording in stereo.

Pure and bounded: chunks come with the time at which they were heard, and go where that time says.
"""

from enum import StrEnum

from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ, InvalidAudioError, require_rate


class Side(StrEnum):
    """Whose voice it is."""

    CALLER = "caller"
    AGENT = "agent"


class StereoTimeline:
    """Collects PCM16 of both sides.

    A chunk whose time lies within ``snap_s`` after the end of its side's audio, or before it, follows without a gap: jitter is not
    recorded. A later one leaves silence. What lies beyond ``limit_s`` (10 minutes, 19 MB a side) is dropped and counted.

    Raises:
        InvalidAudioError: an unsupported rate.
    """

    def __init__(self, *, rate_hz: int = SESSION_RATE_HZ, limit_s: float = 600.0, snap_s: float = 0.1) -> None:
        require_rate(rate_hz)
        self.rate_hz = rate_hz
        self._limit = int(limit_s * rate_hz) * BYTES_PER_SAMPLE
        self._snap = int(snap_s * rate_hz) * BYTES_PER_SAMPLE
        self._tracks = {side: bytearray() for side in Side}
        self._dropped = 0

    @property
    def dropped_s(self) -> float:
        """The audio in seconds that came after the limit."""
        return self._dropped / BYTES_PER_SAMPLE / self.rate_hz

    @property
    def duration_s(self) -> float:
        """The length of the longer side in seconds."""
        return max(map(len, self._tracks.values())) / BYTES_PER_SAMPLE / self.rate_hz

    def add(self, side: Side, at_s: float, pcm: bytes) -> None:
        """Put ``pcm``, heard ``at_s`` seconds after the start of the recording, on its side.

        Raises:
            InvalidAudioError: an odd number of bytes.
        """
        if len(pcm) % BYTES_PER_SAMPLE:
            raise InvalidAudioError(f"{len(pcm)} bytes are no PCM16: samples have two bytes")
        track = self._tracks[side]
        wanted = max(0, round(at_s * self.rate_hz)) * BYTES_PER_SAMPLE
        if len(track) + self._snap < wanted < self._limit:
            track.extend(bytes(wanted - len(track)))
        room = max(0, self._limit - max(wanted, len(track)))
        track.extend(pcm[:room])
        self._dropped += max(0, len(pcm) - room)

    def tracks(self) -> tuple[bytes, bytes]:
        """The caller's and the agent's audio, of equal length."""
        length = max(map(len, self._tracks.values()))
        caller, agent = (bytes(self._tracks[side]).ljust(length, b"\0") for side in (Side.CALLER, Side.AGENT))
        return caller, agent
