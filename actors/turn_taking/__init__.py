"""Whose turn it is to speak, as pure decisions: when a turn is over, and what words over the agent's speech mean. Shared by actors."""

from actors.turn_taking.ducking import DUCKING_TABLE, DuckingOptions, Loudness, Overlap, loudness_after
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
    EndOfTurn,
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
from actors.turn_taking.mute import MuteStrategy, is_muted
from actors.turn_taking.overlap import count_words, is_back_channel, is_interruption, repeats
from actors.turn_taking.phrases import PHRASES, Phrases

__all__ = [
    "DUCKING_TABLE",
    "ENDPOINTING_TABLE",
    "PHRASES",
    "DuckingOptions",
    "EndOfTurn",
    "EndedBy",
    "Endpointing",
    "EndpointingEvent",
    "EndpointingOptions",
    "EndpointingOutput",
    "Loudness",
    "MuteStrategy",
    "Overlap",
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
    "count_words",
    "deadline_ms",
    "endpointing_step",
    "is_back_channel",
    "is_interruption",
    "is_muted",
    "least_delay_ms",
    "loudness_after",
    "repeats",
]
