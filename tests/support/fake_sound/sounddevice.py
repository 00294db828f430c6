"""The library sounddevice, as far as the console uses it, with devices that are files. Put this folder on the path of a command.

The microphone hears the WAV file ``FAKE_MICROPHONE`` once the file beside it with ``.go`` behind its name is there, and silence before and
after; the loudspeaker writes what it plays to ``FAKE_LOUDSPEAKER``, raw PCM16. Both are in real time.
"""

import os
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

RATE_HZ = 24_000


class PortAudioError(Exception):
    pass


def check_input_settings(*, device: object, channels: int, dtype: str, samplerate: int) -> None:
    if samplerate != RATE_HZ:
        raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")


check_output_settings = check_input_settings


class _Stream:
    def __init__(self, *, samplerate: int, blocksize: int, callback: Callable[..., None], **_options: Any) -> None:
        self._callback, self._block, self._block_s = callback, blocksize, blocksize / samplerate
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def abort(self) -> None:
        self._ended.set()
        self._thread.join()

    def close(self) -> None:
        pass

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            self._move()
            due += self._block_s

    def _move(self) -> None:
        raise NotImplementedError


class RawInputStream(_Stream):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._go = Path(os.environ["FAKE_MICROPHONE"] + ".go")
        with wave.open(os.environ["FAKE_MICROPHONE"]) as recording:
            assert recording.getframerate() == RATE_HZ
            self._left = recording.readframes(recording.getnframes())

    def _move(self) -> None:
        size = self._block * 2
        heard = self._left[:size] if self._go.exists() else b""
        self._left = self._left[len(heard) :]
        self._callback(memoryview(heard.ljust(size, b"\0")), self._block, None, None)


class RawOutputStream(_Stream):
    def _move(self) -> None:
        played = bytearray(self._block * 2)
        self._callback(memoryview(played), self._block, None, None)
        with open(os.environ["FAKE_LOUDSPEAKER"], "ab") as file:  # noqa: PTH123 - as little as may be between two blocks
            file.write(played)
