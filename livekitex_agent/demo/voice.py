"""What the demo's caller says, as audio: a second voice speaks his lines, or the user's own WAV files do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from actors import hibari_tts, read_wav

CALLER_VOICE: Final[dict[str, Any]] = {"pitch": 0.85}
"""Another speaker than the agent's voice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One line of the caller: PCM16 mono at ``rate_hz``; ``label`` is what the screen shows."""

    label: str
    pcm: bytes
    rate_hz: int


async def speak_lines(lines: Sequence[str]) -> list[Utterance]:
    """The lines as the second voice says them.

    Raises:
        MissingExtraError: the extra ``offline`` is not installed.
    """
    tts = hibari_tts(CALLER_VOICE)
    spoken = []
    for line in lines:
        chunks = [chunk.pcm async for chunk in tts.synthesize(line)]
        spoken.append(Utterance(label=line, pcm=b"".join(chunks), rate_hz=tts.rate_hz))
    return spoken


def read_files(paths: Sequence[Path]) -> list[Utterance]:
    """The user's own recordings, one line each.

    Raises:
        InvalidAudioError: a file that is no usable recording; the text names it and the cure.
    """
    recordings = [(path, read_wav(path)) for path in paths]
    return [Utterance(label=f"({path.name})", pcm=recording.pcm, rate_hz=recording.rate_hz) for path, recording in recordings]
