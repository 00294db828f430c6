"""A background that cannot be played is refused before the call begins."""

from pathlib import Path
from typing import Any

import pytest

from actors.agent_session.background_options import read_background
from actors.media import BackgroundMixer, write_wav
from actors.providers import OptionReader
from protocols import ConfigurationError


def wav(folder: Path, seconds: float, rate_hz: int = 16_000) -> str:
    path = folder / f"{seconds}.wav"
    write_wav(path, b"\1\0" * int(seconds * rate_hz), rate_hz)
    return str(path)


def test_sounds_are_read_with_their_volumes(tmp_path: Path) -> None:
    path = wav(tmp_path, 0.5)
    options = read_background(OptionReader("the agent", {"ambient_sound": path, "ambient_volume": 1, "thinking_sound": path}), voice=True)
    assert options.wanted
    assert options.ambient_sound is not None
    assert (options.ambient_sound.duration_s, options.ambient_volume, options.thinking_volume) == (0.5, 1, 0.3)
    mixer = BackgroundMixer(24_000, **options.sounds(24_000))
    assert not mixer.silent
    assert len(mixer.take(480)) == 960


@pytest.mark.parametrize("voice", [True, False])
def test_there_need_be_none(voice: bool) -> None:
    options = read_background(OptionReader("the agent", {"ambient_sound": ""}), voice=voice)
    assert not options.wanted
    assert options.sounds(8_000) == {"ambient": None, "thinking": None}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"ambient_sound": "/nowhere.wav"}, "ambient_sound='/nowhere.wav' must be a WAV file .*cannot read /nowhere.wav"),
        ({"thinking_sound": __file__}, "thinking_sound=.* must be a WAV file"),
        ({"thinking_sound": 5}, "thinking_sound=5 must be the path of a WAV file"),
        ({"ambient_sound": None}, "ambient_sound=None must be the path"),
        ({"ambient_volume": 1.1}, "ambient_volume=1.1 must be a number from 0 to 1"),
        ({"thinking_volume": -1}, "thinking_volume=-1 must be"),
        ({"ambient_sound": 0.1}, "must be a WAV file of at most 60 s .*0.10 s of sound"),
        ({"ambient_sound": 60.5}, "must be a WAV file of at most 60 s .*60.50 s of sound"),
    ],
)
def test_what_cannot_be_played_is_refused(tmp_path: Path, options: dict[str, Any], complaint: str) -> None:
    made = {name: wav(tmp_path, value) if isinstance(value, float) and name.endswith("sound") else value for name, value in options.items()}
    with pytest.raises(ConfigurationError, match=complaint):
        read_background(OptionReader("the agent", made), voice=True)


def test_nothing_is_played_beside_a_call_that_only_writes(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="give it a tts"):
        read_background(OptionReader("the agent", {"thinking_sound": wav(tmp_path, 0.5)}), voice=False)
