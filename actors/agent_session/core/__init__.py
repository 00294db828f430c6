"""The conversation as a pure machine: inputs in, effects out, the time an argument. Knows no thread, no socket, no file."""

from actors.agent_session.core.caller import SAME_START
from actors.agent_session.core.effects import (
    After,
    Answer,
    Effect,
    EndVoice,
    Heed,
    Leave,
    Listen,
    OpenMouth,
    Origin,
    PauseSpeech,
    Push,
    Recognize,
    ResumeSpeech,
    RunTool,
    Settle,
    SpeakSentence,
    StopSpeech,
    StopThinking,
    Tell,
    Think,
    Write,
)
from actors.agent_session.core.entries import Checkpoint, Entry, Happened, LifeEnded
from actors.agent_session.core.inputs import Input
from actors.agent_session.core.machine import begin, handle
from actors.agent_session.core.memory import Memory
from actors.agent_session.core.recall import EVENTS_KEPT, Past, after_end, restore
from actors.agent_session.core.restart import Remains
from actors.agent_session.core.state import Setup, State
from actors.agent_session.core.step import Moment

__all__ = [
    "EVENTS_KEPT",
    "SAME_START",
    "After",
    "Answer",
    "Checkpoint",
    "Effect",
    "EndVoice",
    "Entry",
    "Happened",
    "Heed",
    "Input",
    "Leave",
    "LifeEnded",
    "Listen",
    "Memory",
    "Moment",
    "OpenMouth",
    "Origin",
    "Past",
    "PauseSpeech",
    "Push",
    "Recognize",
    "Remains",
    "ResumeSpeech",
    "RunTool",
    "Settle",
    "Setup",
    "SpeakSentence",
    "State",
    "StopSpeech",
    "StopThinking",
    "Tell",
    "Think",
    "Write",
    "after_end",
    "begin",
    "handle",
    "restore",
]
