"""The caller speaks over the agent: what a listener at the output hears, in virtual time, through the engine as a whole."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.agent_session.blueprint import AEC_WARMUP_S, read_blueprint
from actors.agent_session.core import Listen, OpenOutput, SpeakSentence, StopSpeech
from actors.agent_session.engine import CircuitBreakers, Engine, EngineLoop, Providers, Services
from actors.agent_session.shared_audio_buffer import SHARED_AUDIO_BUFFER_BYTES, SharedAudioBuffer
from actors.agent_session.shared_speech_buffer import SHARED_SPEECH_BUFFER_BYTES, SharedSpeechBuffer
from actors.media import DUCKED_GAIN, FADE_MS, PlaybackBuffer, write_wav
from protocols import BACKGROUND_ID, SESSION_RATE_HZ, TTS, AudioChunk
from support import virtual_time
from support.scripted_providers import VOICE_HZ, agent, llm, spoken, stt, vad

LOUD = 12_000
STEP_MS = 10
MIC_MS = 20
"""The microphone is so far ahead of the loudspeaker."""
CLICK = round(np.pi / 2 * LOUD / (VOICE_HZ * FADE_MS / 1000)) + 2
"""A faster change of the level than the ramp's is one."""


class Tone(TTS):
    """A voice of one level, so that each change of it is the output's."""

    rate_hz = VOICE_HZ

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        del text
        for _ in range(50):
            yield AudioChunk(pcm=np.full(VOICE_HZ // 10, LOUD, "<i2").tobytes(), rate_hz=VOICE_HZ)


class Line:
    """A caller's microphone and loudspeaker at the engine."""

    def __init__(self, **options: Any) -> None:
        self.memory = SharedAudioBuffer(memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES)))
        self.buffer = PlaybackBuffer(VOICE_HZ)
        self.background = PlaybackBuffer(VOICE_HZ)
        self.crashes = list[BaseException]()
        self.loop = EngineLoop("engine", asyncio.get_running_loop(), self.crashes.append)
        self.engine = Engine(
            self.loop,
            Providers(llm=llm({}), vad=vad({}), stt=stt({}), tts=Tone()),
            {},
            self.memory,
            SharedSpeechBuffer(memoryview(bytearray(SHARED_SPEECH_BUFFER_BYTES))),
            call_id="c1",
            turns=read_blueprint({"call_id": "c1", "agent": agent(voice=True, options=options)}, 0.0).turns,
            services=Services(llm="llm", stt="stt", tts="tts", turn_detector="", tools={}),
            breakers=CircuitBreakers(lambda _, then: then(None), lambda _: None),
            clock=virtual_time.clock(),
            report=lambda _: None,
            push=self._push,
            clear=self.buffer.clear,
        )
        self.heard = bytearray()
        self.voice = bytearray()

    def _push(self, speech_id: str, position: int, pcm: bytes) -> None:
        if speech_id == BACKGROUND_ID:
            self.background.push(speech_id, position, pcm)
            self.engine.left(speech_id, position + len(pcm) // 2)
            return
        self.buffer.push(speech_id, position, pcm)
        self.engine.left(speech_id, position + len(pcm) // 2)

    async def passes(self, ms: int) -> None:
        """Let the time pass in which the caller listens, and his microphone is open."""
        for _ in range(0, ms, STEP_MS):
            if len(self.heard) // 2 % (VOICE_HZ * MIC_MS // 1000) == 0:
                size = SESSION_RATE_HZ * MIC_MS // 1000 * 2
                self.memory.append(bytes(self.voice[:size]).ljust(size, b"\0"))
                del self.voice[:size]
                self.engine.heard()
            await virtual_time.passes(STEP_MS / 1000)
            self.heard += self.buffer.take(VOICE_HZ * STEP_MS // 1000)

    def say(self, **changes: Any) -> None:
        for work in (Listen(start=0), OpenOutput(), SpeakSentence(speech_id="s", index=0, text="Aaaah.", **changes)):
            self.engine.perform(work)

    def speak(self, ms: int) -> None:
        """The caller makes a sound of that length."""
        self.voice += spoken("x" * (ms // 10))

    def levels(self, since_ms: int = 0) -> np.ndarray:
        return np.frombuffer(self.heard, "<i2")[since_ms * VOICE_HZ // 1000 :].astype(int)

    def first(self, since_ms: int, wanted: Callable[[np.ndarray], np.ndarray]) -> float:
        """How many milliseconds after ``since_ms`` something is heard first."""
        return float(np.flatnonzero(wanted(self.levels(since_ms)))[0]) * 1000 / VOICE_HZ

    def no_click(self, since_ms: int) -> None:
        assert np.abs(np.diff(self.levels(since_ms))).max() <= CLICK


def run(test: Callable[[Line], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run a test on a line without an echo, unless it is said that one is expected."""

    async def work() -> None:
        line = Line(**{"aec_warmup_s": 0, **options})
        await test(line)
        line.loop.stop()
        assert not line.crashes

    virtual_time.run(work())


def test_it_is_ducked_at_once_silent_soon_and_goes_on_when_it_was_a_cough() -> None:
    async def test(line: Line) -> None:
        line.say()
        await line.passes(1_000)
        assert set(line.levels(500)) == {LOUD}
        line.speak(260)
        await line.passes(1_000)
        ducked, silent = (line.first(1_000, lambda level, least=least: level <= least) for least in (LOUD * DUCKED_GAIN + 1, 0))
        assert 80 - MIC_MS <= ducked <= 150
        assert 200 - MIC_MS <= silent <= 300
        levels = line.levels(1_000)
        hole_ms = np.count_nonzero(levels == 0) * 1000 / VOICE_HZ
        assert 100 <= hole_ms <= 400
        assert levels[-1] == LOUD
        line.no_click(500)

    run(test)


def test_a_click_of_the_line_changes_nothing() -> None:
    async def test(line: Line) -> None:
        line.say()
        await line.passes(1_000)
        for _ in range(5):
            line.speak(40)
            await line.passes(400)
        assert set(line.levels(500)) == {LOUD}

    run(test)


def test_a_short_sound_only_ducks() -> None:
    async def test(line: Line) -> None:
        line.say()
        await line.passes(1_000)
        line.speak(120)
        await line.passes(1_000)
        levels = line.levels(1_000)
        assert levels.min() == round(LOUD * DUCKED_GAIN)
        assert levels[-1] == LOUD
        line.no_click(500)

    run(test)


def test_what_may_not_be_interrupted_goes_on() -> None:
    async def test(line: Line) -> None:
        line.say(allow_interruptions=False)
        await line.passes(1_000)
        line.speak(800)
        await line.passes(1_500)
        assert set(line.levels(500)) == {LOUD}

    run(test)


def test_an_echo_is_expected_for_three_seconds_unless_it_is_told_otherwise() -> None:
    async def test(line: Line) -> None:
        line.say()
        await line.passes(500)
        line.speak(2_400)
        await line.passes(2_600)
        assert set(line.levels(500)) == {LOUD}
        await line.passes(500)
        line.speak(300)
        await line.passes(600)
        assert line.levels(3_500).min() == 0

    run(test, aec_warmup_s=AEC_WARMUP_S)


def test_its_own_echo_in_its_first_seconds_changes_nothing_and_later_voice_does() -> None:
    async def test(line: Line) -> None:
        line.say()
        await line.passes(500)
        line.speak(1_000)
        await line.passes(2_000)
        assert set(line.levels(500)) == {LOUD}
        line.speak(300)
        await line.passes(600)
        assert line.levels(2_500).min() == 0

    run(test, aec_warmup_s=2)


@pytest.mark.parametrize(("duck_ms", "pause_ms"), [(0, 0), (40, 100), (200, 400)])
def test_the_times_are_options(duck_ms: int, pause_ms: int) -> None:
    async def test(line: Line) -> None:
        line.say()
        await line.passes(1_000)
        line.speak(700)
        await line.passes(900)
        assert pause_ms - MIC_MS <= line.first(1_000, lambda level: level == 0) <= pause_ms + 100
        assert line.first(1_000, lambda level: level < LOUD) <= duck_ms + 70

    run(test, interruption_duck_ms=duck_ms, interruption_pause_ms=pause_ms)


def test_stopped_it_is_silent_at_once_without_a_click() -> None:
    async def test(line: Line) -> None:
        line.say()
        await line.passes(1_000)
        line.engine.perform(StopSpeech(speech_id="s"))
        await line.passes(300)
        assert line.first(1_000, lambda level: level == 0) <= FADE_MS + STEP_MS, "not when what was handed out is over"
        assert set(line.levels(1_000 + FADE_MS + STEP_MS)) == {0}
        line.no_click(500)

    run(test)


def test_sound_beside_the_speech_never_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "ambience.wav"
    write_wav(path, np.full(16_000, 5_000, "<i2").tobytes(), 16_000)

    async def test(line: Line) -> None:
        line.say()
        await line.passes(1_000)
        assert set(line.levels(500)) == {LOUD}
        line.speak(260)
        await line.passes(1_000)
        assert line.levels(1_000).min() == 0
        assert line.levels()[-1] == LOUD
        assert 1.8 <= line.background.held_s <= 2.5, "it goes on while the speech pauses"

    run(test, ambient_sound=str(path))
