"""The factory of the detector, named in a `ProviderRef` as ``actors.providers.smart_turn:smart_turn``."""

from collections.abc import Mapping
from typing import Any

from actors.providers.offline.libraries import prepare_libraries
from actors.providers.options import OptionReader
from protocols import TurnDetector


def smart_turn(options: Mapping[str, Any]) -> TurnDetector:
    """Smart Turn v3.2. Options: ``threshold`` (0.01 to 0.99, default 0.5), the probability from which on a turn is likely over.

    Raises:
        ConfigurationError: an unknown option, or a value out of its range.
    """
    reader = OptionReader("smart_turn", options)
    threshold = reader.number("threshold", 0.5, lowest=0.01, highest=0.99)
    reader.finish()
    prepare_libraries()
    from actors.providers.smart_turn.detector import SmartTurnDetector

    return SmartTurnDetector(threshold=threshold)
