"""Which of LiveKit's sounds are heard beside the speech, and what is said of those that are not."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors import write_wav
from livekitex_agent import CallHandle, ProgramPlace
from livekitex_agent.testing import TestSession
from livekitex_agent.voice.background_audio import AudioConfig, BackgroundAudioPlayer, BuiltinAudioClip
from support import background_program


class Drawn:
    """Randomness that is known."""

    def __init__(self, drawn: float) -> None:
        self.drawn = drawn

    def random(self) -> float:
        return self.drawn

    def hex_id(self, n_bytes: int = 8) -> str:
        raise AssertionError(n_bytes)


class Session:
    """A session which keeps what it is to play."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def use_background(self, options: Any) -> None:
        self.told.append(dict(options))


@pytest.fixture
def wav(tmp_path: Path) -> str:
    path = tmp_path / "office.wav"
    write_wav(path, np.full(16_000, 10_000, "<i2").tobytes(), 16_000)
    return str(path)


async def frames() -> AsyncIterator[Any]:
    yield b""


def started(**sounds: Any) -> Session:
    session = Session()
    asyncio.run(BackgroundAudioPlayer(**sounds).start(agent_session=session))
    return session


def test_sounds_become_the_calls_own_until_the_player_is_closed(wav: str) -> None:
    async def check() -> list[Any]:
        session = Session()
        player = BackgroundAudioPlayer(ambient_sound=AudioConfig(wav, volume=0.4), thinking_sound=wav)
        await player.start(agent_session=session)
        await player.aclose()
        await player.aclose()
        return session.told

    ambient = {"ambient_sound": wav, "ambient_volume": 0.4}
    assert asyncio.run(check()) == [{**ambient, "thinking_sound": wav, "thinking_volume": 1.0}, {}]


@pytest.mark.parametrize(("drawn", "chosen"), [(0.0, 0.1), (0.29, 0.1), (0.31, 0.2), (0.69, 0.2), (0.71, None)])
def test_of_several_sounds_one_is_taken_by_its_probability(wav: str, drawn: float, chosen: float | None) -> None:
    several = [AudioConfig(wav, volume=0.1, probability=0.3), AudioConfig(wav, volume=0.2, probability=0.4)]
    (told,) = started(ambient_sound=several, entropy=Drawn(drawn)).told
    assert told.get("ambient_volume") == chosen


@pytest.mark.parametrize(
    ("sound", "warning"),
    [
        (BuiltinAudioClip.OFFICE_AMBIENCE, "office-ambience.ogg is not heard beside the speech: give the path of a WAV file"),
        (frames(), "is not heard beside the speech"),
        ("/nowhere.wav", "cannot read /nowhere.wav"),
        (__file__, "a sound is not heard beside the speech"),
    ],
)
def test_what_cannot_be_played_is_told_and_ends_nothing(sound: Any, warning: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert started(ambient_sound=sound).told == [{}]
    assert warning in caplog.text


def test_a_sound_is_neither_too_short_nor_too_long(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    short = tmp_path / "click.wav"
    write_wav(short, b"\1\0" * 800, 16_000)
    with caplog.at_level(logging.WARNING):
        assert started(thinking_sound=str(short)).told == [{}]
    assert "it has 0.05 s; give 0.2 to 60 s" in caplog.text


def test_a_further_sound_is_over_at_once_and_told(wav: str, caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> None:
        player = BackgroundAudioPlayer()
        with pytest.raises(RuntimeError, match="is not started"):
            player.play(wav)
        await player.start(agent_session=Session())
        with caplog.at_level(logging.WARNING):
            handle = await player.play(wav, loop=True)
        assert handle.done()
        assert "is not heard: give it as ambient_sound" in caplog.text
        with pytest.raises(ValueError, match="Looping sound via AsyncIterator"):
            player.play(frames(), loop=True)

    asyncio.run(check())


def test_the_recordings_of_livekit_are_not_here() -> None:
    with pytest.raises(FileNotFoundError, match=r"hold_music\.ogg is not part of this package"):
        BuiltinAudioClip.HOLD_MUSIC.path()


def test_a_program_is_heard_with_its_ambience_also_after_a_death_until_it_is_closed(wav: str) -> None:
    heard: list[int] = []

    async def listen(handle: CallHandle) -> None:
        async with aclosing(handle.background_audio()) as pieces, asyncio.timeout(3.0):
            async for piece in pieces:
                heard.append(int(np.frombuffer(piece.pcm, "<i2").max()))
                if heard[-1] >= 4_900:
                    return

    async def check() -> None:
        async with TestSession(ProgramPlace(place="support.background_program")) as call:
            await call.perform(listen)
            await call.kill()
            await call.perform(listen)
            assert len(background_program.PLAYERS) == 2
            await call.perform(lambda _: background_program.PLAYERS[-1].aclose())
            await call.advance(2.0)
            with pytest.raises(TimeoutError):
                await call.perform(listen)

    background_program.WAV[:] = [Path(wav)]
    background_program.PLAYERS.clear()
    asyncio.run(check())
    assert len([level for level in heard if level >= 4_900]) == 2
