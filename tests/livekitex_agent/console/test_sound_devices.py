"""The machine's sound: what is missing is named with its cure, what is there is opened and closed, and no device is left open."""

import asyncio
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from livekitex_agent.console.loudspeaker import Loudspeaker
from livekitex_agent.console.sound_devices import HELD_BLOCKS, SoundDevices, list_devices, load_library
from protocols import SUPPORTED_RATES_HZ, AudioPushed, ConfigurationError, MissingExtraError


class PortAudioError(Exception):
    pass


class FakeStream:
    def __init__(self, library: "FakeLibrary", options: dict[str, Any]) -> None:
        self.options = options
        self.callback: Callable[..., None] = options["callback"]
        self.is_open = False
        self.library = library

    def start(self) -> None:
        if self.library.busy:
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
        self.is_open = True

    def abort(self) -> None:
        self.is_open = False

    def close(self) -> None:
        self.is_open = False


class FakeLibrary(ModuleType):
    """sounddevice, as far as it is used, with devices that take ``rates``."""

    PortAudioError = PortAudioError

    def __init__(self, *rates: int, microphone: bool = True) -> None:
        super().__init__("sounddevice")
        self.rates, self.microphone, self.busy = rates, microphone, False
        self.streams: list[FakeStream] = []

    def check_input_settings(self, **options: Any) -> None:
        if not self.microphone:
            raise ValueError("No input device matching 'Desk'")
        self.check_output_settings(**options)

    def check_output_settings(self, *, device: object, channels: int, dtype: str, samplerate: int) -> None:
        if samplerate not in self.rates:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")

    def query_devices(self) -> str:
        return "> 0 Desk, ALSA (1 in, 1 out)"

    def RawInputStream(self, **options: Any) -> FakeStream:  # noqa: N802 - its name
        self.streams.append(FakeStream(self, options))
        return self.streams[-1]

    RawOutputStream = RawInputStream


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeLibrary]:
    def install(*rates: int, **options: bool) -> FakeLibrary:
        made = FakeLibrary(*rates, **options)
        monkeypatch.setitem(sys.modules, "sounddevice", made)
        return made

    return install


def test_without_sounddevice_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'livekitex-agent\[console\]'"):
        load_library()


def test_without_portaudio_the_package_of_the_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr("livekitex_agent.console.sound_devices.import_module", missing)
    with pytest.raises(
        ConfigurationError, match=r"PortAudio is missing: apt install libportaudio2 .* or do without: --text, or --wav FILE"
    ):
        SoundDevices()


def test_a_missing_microphone_is_named(library: Callable[..., FakeLibrary]) -> None:
    library(16_000, 24_000, microphone=False)
    with pytest.raises(
        ConfigurationError, match=r"no microphone to be had, none is 'Desk' \(No input device matching 'Desk'\): livekitex console"
    ):
        SoundDevices("Desk")


@pytest.mark.parametrize("rates", [(16_000, 24_000), (48_000,), (44_100, 48_000), (8_000, 16_000)])
def test_a_rate_is_chosen_that_device_and_call_take(rates: tuple[int, ...], library: Callable[..., FakeLibrary]) -> None:
    library(*rates)
    devices = SoundDevices()
    assert devices.microphone_hz in SUPPORTED_RATES_HZ
    assert {devices.microphone_hz, devices.loudspeaker_hz} <= set(rates)


def test_a_device_that_takes_no_rate_of_a_call_is_refused(library: Callable[..., FakeLibrary]) -> None:
    library(44_100)
    with pytest.raises(ConfigurationError, match="no microphone"):
        SoundDevices()


@pytest.mark.asyncio
async def test_sound_goes_both_ways_and_the_devices_are_closed(library: Callable[..., FakeLibrary]) -> None:
    fake = library(16_000, 24_000)
    speaker = Loudspeaker(24_000)
    speaker.take_in(AudioPushed(call_id="c", speech_id="s", position=0, rate_hz=24_000, pcm=b"\7\0" * 480))
    with SoundDevices().opened(speaker) as heard:
        played, recorded = fake.streams
        assert (played.options["samplerate"], recorded.options["samplerate"]) == (24_000, 16_000)
        out = bytearray(960)
        played.callback(memoryview(out), 480, SimpleNamespace(), None)
        assert bytes(out) == b"\7\0" * 480
        await asyncio.to_thread(recorded.callback, memoryview(b"\1\0" * 320), 320, SimpleNamespace(), None)
        assert await heard.get() == b"\1\0" * 320
        for number in range(HELD_BLOCKS + 5):
            recorded.callback(bytes([number % 256, 0]), 1, SimpleNamespace(), None)
        await asyncio.sleep(0)
        assert heard.qsize() == HELD_BLOCKS
        assert heard.get_nowait() == bytes([5, 0]), "the oldest is lost"
    assert [stream.is_open for stream in fake.streams] == [False, False]


@pytest.mark.asyncio
async def test_a_device_in_use_is_said_to_be(library: Callable[..., FakeLibrary]) -> None:
    fake = library(16_000, 24_000)
    devices = SoundDevices()
    fake.busy = True
    with pytest.raises(ConfigurationError, match=r"no loudspeaker to be had, .*Device unavailable"), devices.opened(Loudspeaker(24_000)):
        pass


def test_the_devices_are_listed(library: Callable[..., FakeLibrary]) -> None:
    library()
    assert list_devices() == "> 0 Desk, ALSA (1 in, 1 out)"
