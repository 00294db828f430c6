"""Sound beside the speech leaves in real time, and only when there is some."""

from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np

from actors.agent_session.engine.background_player import BATCH_MS, THINKING_AFTER_S, BackgroundPlayer
from actors.media import BackgroundMixer, LoopedSound
from protocols import BACKGROUND_ID
from support import virtual_time
from support.engine_desk import Desk

RATE = 8_000
SOUND = LoopedSound(pcm=np.full(RATE, 1_000, "<i2").tobytes(), volume=1.0)


class Room:
    def __init__(self, mixer: BackgroundMixer) -> None:
        self.desk = Desk()
        self.works = False
        self.player = BackgroundPlayer(mixer, RATE, virtual_time.clock(), working=lambda: self.works, push=self.desk.push)
        self.desk.spawn(self.player.run())

    @property
    def seconds(self) -> float:
        at = 0
        for speech_id, position, pcm in self.desk.audio:
            assert (speech_id, position) == (BACKGROUND_ID, at), "a stream of its own, without a gap"
            at += len(pcm) // 2
        return at / RATE


def run(test: Callable[[Room], Coroutine[Any, Any, None]], mixer: BackgroundMixer) -> None:
    async def work() -> None:
        room = Room(mixer)
        await test(room)
        await room.desk.close()

    virtual_time.run(work())


def test_ambience_is_heard_in_real_time_once_somebody_listens() -> None:
    async def test(room: Room) -> None:
        await virtual_time.passes(3.0)
        assert not room.desk.audio
        room.player.open()
        await virtual_time.passes(10.0)
        assert 10.0 <= room.seconds <= 10.0 + 2 * BATCH_MS / 1000
        assert len(room.desk.audio) <= 10.0 * 1000 / BATCH_MS + 2

    run(test, BackgroundMixer(RATE, ambient=SOUND))


def test_thinking_is_heard_after_a_moment_and_until_it_is_over() -> None:
    async def test(room: Room) -> None:
        room.player.open()
        room.works = True
        await virtual_time.passes(THINKING_AFTER_S / 2)
        room.works = False
        await virtual_time.passes(2.0)
        assert not room.desk.audio, "what is over soon is not heard"
        room.works = True
        await virtual_time.passes(3.0)
        assert 2.0 <= room.seconds <= 3.0
        room.works = False
        await virtual_time.passes(2.0)
        over = room.seconds
        await virtual_time.passes(5.0)
        assert room.seconds == over, "of silence nothing is sent"
        room.works = True
        await virtual_time.passes(3.0)
        assert over + 2.0 <= room.seconds <= over + 3.0, "and the silence is not made up for"

    run(test, BackgroundMixer(RATE, thinking=SOUND))


def test_sound_comes_and_goes_while_it_plays() -> None:
    async def test(room: Room) -> None:
        room.player.open()
        await virtual_time.passes(2.0)
        assert not room.desk.audio, "there is none"
        room.player.change(ambient=SOUND, thinking=None)
        await virtual_time.passes(5.0)
        assert 4.0 <= room.seconds <= 5.5
        room.player.change(ambient=None, thinking=None)
        await virtual_time.passes(2.0)
        over = room.seconds
        await virtual_time.passes(2.0)
        assert room.seconds == over
        room.player.change(ambient=SOUND, thinking=None)
        await virtual_time.passes(2.0)
        assert room.seconds > over + 1.0

    run(test, BackgroundMixer(RATE))
