"""Sound beside the agent's speech, as the agent's options name it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from actors.media import MAX_SOUND_S, LoopedSound, Recording, looped, read_wav
from actors.providers import OptionReader
from protocols import ConfigurationError, InvalidAudioError


class BackgroundSounds(TypedDict):
    """What a `BackgroundMixer` mixes."""

    ambient: LoopedSound | None
    thinking: LoopedSound | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundOptions:
    """WAV files of 0.2 to 60 s that are played round and round, beside what is said.

    ``ambient_sound`` is heard through the call, at ``ambient_volume`` (0.2 of its own), and ``thinking_sound`` while the agent works and
    says nothing, at ``thinking_volume`` (0.3); None for none.
    """

    ambient_sound: Recording | None = None
    ambient_volume: float = 0.2
    thinking_sound: Recording | None = None
    thinking_volume: float = 0.3

    @property
    def wanted(self) -> bool:
        """Whether there is any."""
        return self.ambient_sound is not None or self.thinking_sound is not None

    def sounds(self, rate_hz: int) -> BackgroundSounds:
        """What is mixed, at ``rate_hz``."""
        ambient = looped(self.ambient_sound, rate_hz, self.ambient_volume) if self.ambient_sound is not None else None
        thinking = looped(self.thinking_sound, rate_hz, self.thinking_volume) if self.thinking_sound is not None else None
        return {"ambient": ambient, "thinking": thinking}


def read_background(reader: OptionReader, *, voice: bool) -> BackgroundOptions:
    """The background in an agent's options; ``voice`` tells whether it speaks at all.

    Raises:
        ConfigurationError: an option is out of range, a file cannot be played, or nobody speaks beside it.
    """
    options = BackgroundOptions(
        ambient_sound=_sound(reader, "ambient_sound"),
        ambient_volume=reader.number("ambient_volume", 0.2, lowest=0, highest=1),
        thinking_sound=_sound(reader, "thinking_sound"),
        thinking_volume=reader.number("thinking_volume", 0.3, lowest=0, highest=1),
    )
    if options.wanted and not voice:
        raise ConfigurationError("the agent: ambient_sound and thinking_sound are heard beside its voice: give it a tts, or leave them out")
    return options


def _sound(reader: OptionReader, name: str) -> Recording | None:
    path = reader.anything(name, "")
    if not isinstance(path, str):
        raise reader.error(name, path, "the path of a WAV file, or '' for none")
    if not path:
        return None
    try:
        recording = read_wav(Path(path))
        looped(recording, recording.rate_hz, 1.0)
    except InvalidAudioError as failure:
        raise reader.error(name, path, f"a WAV file of at most {MAX_SOUND_S:g} s ({failure})") from failure
    return recording
