"""What a caller says, as audio: WAV files of the user's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actors import read_wav


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One line of the caller: PCM16 mono at ``rate_hz``; ``label`` is what the screen shows."""

    label: str
    pcm: bytes
    rate_hz: int


def read_files(paths: Sequence[Path]) -> list[Utterance]:
    """The user's own recordings, one line each.

    Raises:
        InvalidAudioError: a file that is no usable recording; the text names it and the cure.
    """
    recordings = [(path, read_wav(path)) for path in paths]
    return [Utterance(label=f"({path.name})", pcm=recording.pcm, rate_hz=recording.rate_hz) for path, recording in recordings]
