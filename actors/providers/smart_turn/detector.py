"""Turn detection by Smart Turn v3.2, a small network on Whisper's encoder that hears the melody of a turn's last eight seconds.

The model lies in ``models/`` with its licence (BSD-2-Clause). It answers a probability that the turn is over; it reads no text.

Silence at the end persuades it, so the audio is to end soon after the voice. Of some 200 pauses put between the words of sentences that
the offline voice read it took for ends, at 0.5: 37 % where the audio ended with the voice, 50 % with 100 ms of silence, 65 % with 200 ms;
of the true ends 99, 99 and 97 %. Of recorded speech it misses more ends without any silence, hence 100 ms. A threshold of 0.9 makes 32 of
the 50 % and costs 8 of the 99.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from actors.providers.offline.networks import load_network
from actors.providers.smart_turn.features import WINDOW_S, log_mel
from protocols import OpenTurn, ProviderError, TurnDetectorCapabilities, TurnPrediction

_CODES: Final = "ar bn da de en es fi fr hi id it ja ko mr nb nl nn no pl pt ru tr uk vi zh"
LANGUAGES: Final = frozenset(_CODES.split())
"""Those it was trained on: 23, with both kinds of Norwegian."""
THRESHOLD: Final = 0.5  # its authors'
SILENCE_MS: Final = 100


class SmartTurnDetector:
    """A `TurnDetector` for 23 languages, by the audio alone. All objects of a process share one network, on one thread each.

    Raises:
        MissingExtraError: (from `prewarm` or the first prediction) the extra ``offline`` is not installed.
    """

    def __init__(self, *, threshold: float = THRESHOLD) -> None:
        self.capabilities: Final = TurnDetectorCapabilities(
            audio_s=WINDOW_S, languages=LANGUAGES, silence_ms=SILENCE_MS, threshold=threshold
        )
        self._thread: ThreadPoolExecutor | None = None

    def prewarm(self) -> None:
        """Load the network and judge silence once in the process: 0.2 to 0.4 s."""
        _warm_up()

    async def predict(self, turn: OpenTurn, *, timeout_s: float = 1.0) -> TurnPrediction:
        """How likely ``turn`` is over, by its last eight seconds of audio: 40 to 50 ms, on a thread of this object.

        Raises:
            ProviderError: as `TurnDetector` says.
            MissingExtraError: the extra ``offline`` is not installed.
        """
        if not self.capabilities.supports(turn.language):
            raise ProviderError(f"Smart Turn does not know the language {turn.language!r}", retryable=False)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="smart-turn")
        computation = self._thread.submit(probability_over, turn.audio)
        try:
            async with asyncio.timeout(timeout_s):
                probability = await asyncio.wrap_future(computation)
        except TimeoutError as late:
            raise ProviderError(f"Smart Turn did not answer within {timeout_s:g} s", retryable=True) from late
        return TurnPrediction(probability=probability, threshold=self.capabilities.threshold_for(turn.language))

    async def aclose(self) -> None:
        """Let the thread end with what it computes; another prediction would start a new one."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None


def probability_over(pcm: bytes) -> float:
    """The probability that the turn whose audio is ``pcm`` (PCM16 at 16 kHz) is over; blocks for 40 to 50 ms.

    Raises:
        ProviderError: the network failed, or answered with what is no probability.
    """
    network = _network()
    try:
        (answers,) = network.run(None, {"input_features": log_mel(pcm)[np.newaxis]})
    except Exception as failure:  # the seam to the library, whose errors have no common base
        raise ProviderError(f"Smart Turn failed: {failure}", retryable=False) from failure
    probability = float(answers[0, 0])  # its output is called "logits", and is a probability all the same
    if not 0.0 <= probability <= 1.0:  # NaN is neither
        raise ProviderError(f"Smart Turn answered {probability!r}, which is no probability", retryable=False)
    return probability


@cache
def _warm_up() -> None:
    probability_over(bytes(2))


@cache
def _network() -> Any:  # noqa: ANN401 - onnxruntime is published without types
    return load_network(files(__package__).joinpath("models", "smart-turn-v3.2-cpu.onnx").read_bytes())
