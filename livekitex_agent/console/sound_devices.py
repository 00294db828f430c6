"""The machine's microphone and loudspeaker, by the library sounddevice, which is PortAudio.

How it works. PortAudio calls from a thread of its own: what the microphone gives goes to the event loop, into a queue that holds two
seconds and loses the oldest; the loudspeaker takes what a `Loudspeaker` has. There is no echo cancellation: a loudspeaker that the
microphone hears is taken for the caller, so headphones are the cure.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from livekitex_agent.console.loudspeaker import Loudspeaker
from protocols import SESSION_RATE_HZ, ConfigurationError, MissingExtraError

EXTRA: Final = "console"
MICROPHONE_RATES_HZ: Final = (SESSION_RATE_HZ, 48_000, 24_000, 8_000)
LOUDSPEAKER_RATES_HZ: Final = (24_000, 48_000, 44_100, 16_000)
BLOCK_S: Final = 0.02
HELD_BLOCKS: Final = 100
INSTEAD: Final = "or do without: --text, or --wav FILE"

Device = int | str | None
"""A device's number, a part of its name, or None for the system's choice."""


class SoundDevices:
    """A microphone and a loudspeaker that were tried and will do; opened by `opened`.

    Raises:
        MissingExtraError: sounddevice is not installed.
        ConfigurationError: PortAudio or a device is missing; the text names the cure.
    """

    def __init__(self, microphone: Device = None, loudspeaker: Device = None) -> None:
        self._library = load_library()
        self._microphone, self._loudspeaker = microphone, loudspeaker
        self.microphone_hz = self._rate("microphone", MICROPHONE_RATES_HZ, microphone, self._library.check_input_settings)
        self.loudspeaker_hz = self._rate("loudspeaker", LOUDSPEAKER_RATES_HZ, loudspeaker, self._library.check_output_settings)

    @contextmanager
    def opened(self, loudspeaker: Loudspeaker) -> Iterator["asyncio.Queue[bytes]"]:
        """Both devices at work: the queue gets what the microphone hears, PCM16 at `microphone_hz`. Only on an event loop.

        Raises:
            ConfigurationError: a device cannot be opened now.
        """
        loop = asyncio.get_running_loop()
        heard: asyncio.Queue[bytes] = asyncio.Queue()

        def put(pcm: bytes) -> None:
            heard.put_nowait(pcm)
            if heard.qsize() > HELD_BLOCKS:
                heard.get_nowait()

        def hear(data: Any, frames: int, when: Any, status: Any) -> None:  # noqa: ANN401 - PortAudio's
            del frames, when, status
            if not loop.is_closed():
                loop.call_soon_threadsafe(put, bytes(data))

        def play(data: Any, frames: int, when: Any, status: Any) -> None:  # noqa: ANN401 - PortAudio's
            del when, status
            data[:] = loudspeaker.give(frames)

        with (
            self._stream("loudspeaker", self._library.RawOutputStream, self.loudspeaker_hz, self._loudspeaker, play),
            self._stream("microphone", self._library.RawInputStream, self.microphone_hz, self._microphone, hear),
        ):
            yield heard

    def _rate(self, what: str, rates: Sequence[int], device: Device, check: Callable[..., None]) -> int:
        problem: Exception | None = None
        for rate_hz in rates:
            try:
                check(device=device, channels=1, dtype="int16", samplerate=rate_hz)
            except (self._library.PortAudioError, ValueError) as failure:
                problem = problem or failure
            else:
                return rate_hz
        raise ConfigurationError(_no_device(what, device, problem)) from problem

    @contextmanager
    def _stream(self, what: str, make: Callable[..., Any], rate_hz: int, device: Device, callback: Callable[..., None]) -> Iterator[None]:
        try:
            stream = make(
                samplerate=rate_hz, blocksize=round(BLOCK_S * rate_hz), device=device, channels=1, dtype="int16", callback=callback
            )
            stream.start()
        except self._library.PortAudioError as failure:
            raise ConfigurationError(_no_device(what, device, failure)) from failure
        try:
            yield
        finally:
            stream.abort()
            stream.close()


def list_devices() -> str:
    """The devices that there are, a line each, as PortAudio numbers them.

    Raises:
        MissingExtraError, ConfigurationError: as `SoundDevices`.
    """
    return str(load_library().query_devices())


def load_library() -> Any:  # noqa: ANN401 - a module without types
    """The library sounddevice.

    Raises:
        MissingExtraError: it is not installed.
        ConfigurationError: PortAudio, which it needs, is not.
    """
    try:
        return import_module("sounddevice")
    except ModuleNotFoundError as failure:
        raise MissingExtraError(EXTRA, "to speak with an agent in the terminal") from failure
    except OSError as failure:
        cure = "apt install libportaudio2 (Debian, Ubuntu), dnf install portaudio (Fedora), pacman -S portaudio (Arch)"
        raise ConfigurationError(f"the library PortAudio is missing: {cure}, {INSTEAD}") from failure


def _no_device(what: str, device: Device, problem: Exception | None) -> str:
    which = "the system has none" if device is None else f"none is {device!r}"
    said = f" ({problem})" if problem is not None else ""
    return f"no {what} to be had, {which}{said}: livekitex console --list-devices says what there is; connect one, {INSTEAD}"
