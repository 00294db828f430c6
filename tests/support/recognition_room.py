"""Audio recognition on its own: a memory to put the caller's audio into, and a desk for what is told of it."""

import asyncio
from functools import partial
from typing import Any

from actors.agent_session.core import Heed, Input, Listen, Origin
from actors.agent_session.core.inputs import VoiceBegan
from actors.agent_session.engine.audio_recognition import AudioRecognition
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.caller_turn import CallerTurnOptions
from actors.agent_session.shared_audio_buffer import SHARED_AUDIO_BUFFER_BYTES, SharedAudioBuffer
from actors.providers.vad import energy
from actors.turn_taking import EndpointingOptions
from protocols import SESSION_RATE_HZ, STT, VAD, TurnDetector, VoiceActivity
from support import virtual_time
from support.engine_desk import Desk
from support.scripted_providers import stt, vad

PADDING = SESSION_RATE_HZ // 5


class Room:
    """Audio recognition, a memory to put audio into, and a desk for what is told; where it is ``deaf`` the recogniser finds the voice."""

    def __init__(
        self,
        recogniser: STT | None = None,
        memory: SharedAudioBuffer | None = None,
        listen: Listen | None = None,
        *,
        told: bool = True,
        detector: VAD | None = None,
        deaf: bool = False,
        predictor: TurnDetector | None = None,
        heeds: bool = True,
        agent_speaks: bool = False,
        echo_expected: bool = False,
        max_turn_words: int = 0,
        **delays: Any,
    ) -> None:
        self.desk = Desk()
        self.voice: list[VoiceActivity] = []
        self.memory = memory or SharedAudioBuffer(memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES)))
        endpointing = {"min_delay_ms": 300, "max_delay_ms": 1_500, "predicted": predictor is not None, "transcribed": False, **delays}
        self.recognition = AudioRecognition(
            None if deaf else detector or vad({}),
            recogniser or stt({}),
            predictor,
            self.memory,
            virtual_time.clock(),
            start=self.memory.position,
            options=CallerTurnOptions(
                min_speech_ms=100,
                min_interruption_ms=400,
                endpointing=EndpointingOptions(**endpointing),
                max_turn_words=max_turn_words,
            ),
            language="en",
            fallback_vad=partial(energy, {}),
            stt_bulkhead=self.desk.bulkhead,
            detector_bulkhead=lambda crashed: Bulkhead("turn detector", crashed),
            agent_speaks=lambda: agent_speaks,
            echo_expected=lambda: echo_expected,
            heard_voice=self.voice.append,
            spawn=self.desk.spawn,
            report=self._report,
        )
        self._heeds = heeds and (predictor is not None or delays.get("by_stt", False))
        if told:
            self.recognition.listen(listen or Listen(start=self.memory.position))

    def _report(self, what: Input) -> None:
        self.desk.report(what)
        if self._heeds and isinstance(what, VoiceBegan):  # as the core does, once the journal knows of it
            asyncio.get_running_loop().call_soon(self.recognition.heed, Heed(start=what.start))

    def hear(self, pcm: bytes) -> None:
        self.memory.append(pcm)
        self.recognition.hear()

    async def heard_all(self) -> None:
        for _ in range(self.memory.position // 320):
            await asyncio.sleep(0)
        assert self.recognition.position + 320 > self.memory.position


def room_after(pcm: bytes, *, start: int, origin: Origin, **options: Any) -> Room:
    """A room that is told to listen in a memory with this audio."""
    memory = SharedAudioBuffer(memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES)), fresh_at=1_000)
    memory.append(pcm)
    return Room(memory=memory, listen=Listen(start=start, origin=origin), **options)
