"""Whose turn it is to speak, as pure decisions: when a turn is over, and what words over the agent's speech mean. Shared by actors."""

from actors.turn_taking.endpointing import (
    ENDPOINTING_TABLE,
    Endpointing,
    TurnState,
    awaits_prediction,
    deadline_ms,
    endpointing_step,
    least_delay_ms,
)
from actors.turn_taking.events import (
    EndedBy,
    EndpointingEvent,
    EndpointingOptions,
    EndpointingOutput,
    Predicted,
    PredictionWanted,
    TimePassed,
    Transcribed,
    TurnCleared,
    TurnCommitted,
    TurnDropped,
    TurnEnded,
)
from actors.turn_taking.overlap import is_back_channel, is_interruption
from actors.turn_taking.phrases import PHRASES, Phrases

__all__ = [
    "ENDPOINTING_TABLE",
    "PHRASES",
    "EndedBy",
    "Endpointing",
    "EndpointingEvent",
    "EndpointingOptions",
    "EndpointingOutput",
    "Phrases",
    "Predicted",
    "PredictionWanted",
    "TimePassed",
    "Transcribed",
    "TurnCleared",
    "TurnCommitted",
    "TurnDropped",
    "TurnEnded",
    "TurnState",
    "awaits_prediction",
    "deadline_ms",
    "endpointing_step",
    "is_back_channel",
    "is_interruption",
    "least_delay_ms",
]
