"""What the loudspeaker is given: the agent's voice at its rate, silence between, and nothing that was recalled."""

import numpy as np
import pytest

from livekitex_agent.console.loudspeaker import Loudspeaker
from protocols import AudioCleared, AudioPushed


def pushed(pcm: bytes, position: int = 0, rate_hz: int = 24_000) -> AudioPushed:
    return AudioPushed(call_id="c", speech_id="s", position=position, rate_hz=rate_hz, pcm=pcm)


def tone(seconds: float, rate_hz: int) -> bytes:
    return (8_000 * np.sin(np.arange(int(seconds * rate_hz)) * 2 * np.pi * 440 / rate_hz)).astype(np.int16).tobytes()


def test_it_is_silent_before_and_between() -> None:
    speaker = Loudspeaker(24_000)
    assert speaker.give(480) == bytes(960)
    speaker.take_in(pushed(b"\1\0" * 240))
    assert speaker.give(480) == b"\1\0" * 240 + bytes(480)


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100, 48_000])
def test_it_is_given_its_own_rate(rate_hz: int) -> None:
    speaker = Loudspeaker(rate_hz)
    speaker.take_in(pushed(tone(1.0, 24_000)))
    heard = np.frombuffer(b"".join(speaker.give(rate_hz // 50) for _ in range(50)), np.int16).astype(float)
    assert len(heard) == rate_hz // 50 * 50
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(int(spectrum.argmax()) * rate_hz / len(heard) - 440) < 3
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(8_000 / np.sqrt(2), rel=0.05)


def test_what_is_recalled_is_not_heard() -> None:
    speaker = Loudspeaker(24_000)
    speaker.take_in(pushed(b"\1\0" * 24_000))
    speaker.give(240)
    speaker.take_in(AudioCleared(call_id="c", speech_id="s", position=480, fade_ms=0))
    assert speaker.give(720) == b"\1\0" * 240 + bytes(960)
