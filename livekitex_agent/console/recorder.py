"""A call's recording: both sides of the call on one time axis, as a stereo file."""

from pathlib import Path
from typing import Final

from actors import Resampler, Side, StereoTimeline, write_stereo_wav
from protocols import AudioPushed

RATE_HZ: Final = 24_000


class Recorder:
    """Collects what both sides heard; bounded by `StereoTimeline`."""

    def __init__(self) -> None:
        self._timeline = StereoTimeline(rate_hz=RATE_HZ)
        self._resamplers: dict[tuple[Side, int], Resampler] = {}

    def caller(self, at_s: float, pcm: bytes, rate_hz: int) -> None:
        """The caller said this."""
        self._add(Side.CALLER, at_s, pcm, rate_hz)

    def agent(self, at_s: float, pushed: AudioPushed) -> None:
        """The agent said this."""
        self._add(Side.AGENT, at_s, pushed.pcm, pushed.rate_hz)

    def write(self, path: Path) -> float:
        """Write the recording (caller left, agent right); its length in seconds.

        Raises:
            ConfigurationError: the file cannot be written; the text says why.
        """
        write_stereo_wav(path, *self._timeline.tracks(), RATE_HZ)
        return self._timeline.duration_s

    def _add(self, side: Side, at_s: float, pcm: bytes, rate_hz: int) -> None:
        if rate_hz != RATE_HZ:
            key = side, rate_hz
            if key not in self._resamplers:
                self._resamplers[key] = Resampler(rate_hz, RATE_HZ)
            pcm = self._resamplers[key].process(pcm)
        self._timeline.add(side, at_s, pcm)
