"""A turn detector that finds what its script says, or that who ends in a comma goes on."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from actors import OptionReader
from livekitex_agent.testing.fakes.written_voice import read_aloud
from protocols import SESSION_RATE_HZ, ConfigurationError, OpenTurn, TurnDetector, TurnDetectorCapabilities, TurnPrediction

LONGEST_MS: Final = 60_000
THRESHOLD: Final = 0.5
OVER: Final = 0.95
GOES_ON: Final = 0.05


class ScriptedTurnDetector:
    """See the module."""

    capabilities: Final = TurnDetectorCapabilities(audio_s=8.0, silence_ms=100)

    def __init__(self, probabilities: Sequence[float] | None, *, delay_ms: float) -> None:
        self._probabilities = None if probabilities is None else deque(probabilities)
        self._delay_s = delay_ms / 1000

    def prewarm(self) -> None:
        """Nothing is to be loaded."""

    async def predict(self, turn: OpenTurn, *, timeout_s: float = 1.0) -> TurnPrediction:
        """See `TurnDetector.predict`."""
        del timeout_s
        await asyncio.sleep(self._delay_s)
        if self._probabilities is None:
            probability = GOES_ON if read_aloud(turn.audio, SESSION_RATE_HZ).endswith(",") else OVER
        else:
            probability = self._probabilities.popleft() if self._probabilities else OVER
        return TurnPrediction(probability=probability, threshold=THRESHOLD)

    async def aclose(self) -> None:
        """Nothing is held."""


def scripted_turn_detector(options: Mapping[str, Any]) -> TurnDetector:
    """A detector with these ``probabilities`` of an end, one for each question, then 0.95 (over is 0.5 and more).

    Without them it reads the written voice: who ends in a comma goes on. An answer takes ``delay_ms`` (0).

    Raises:
        ConfigurationError: an option is none; the text names the cure.
    """
    reader = OptionReader("scripted_turn_detector", options)
    probabilities = reader.anything("probabilities")
    delay_ms = reader.number("delay_ms", 0, lowest=0, highest=LONGEST_MS)
    reader.finish()
    if probabilities is not None and (
        isinstance(probabilities, str)
        or not isinstance(probabilities, Sequence)
        or not all(isinstance(each, int | float) and not isinstance(each, bool) and 0 <= each <= 1 for each in probabilities)
    ):
        raise ConfigurationError(f"scripted_turn_detector: probabilities is {probabilities!r:.60}: give a list of numbers from 0 to 1")
    return ScriptedTurnDetector(probabilities, delay_ms=delay_ms)
