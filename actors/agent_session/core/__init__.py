"""The conversation as a pure machine: inputs in, effects out, the time an argument. Knows no thread, no socket, no file."""

from actors.agent_session.core.caller import SAME_START
from actors.agent_session.core.chat import conversation, known_so_far
from actors.agent_session.core.commands import refused
from actors.agent_session.core.durability import undurable
from actors.agent_session.core.effects import (
    After,
    Answer,
    Effect,
    EndVoice,
    Heed,
    Leave,
    Listen,
    OpenOutput,
    Origin,
    PauseSpeech,
    Push,
    Recognize,
    ResumeSpeech,
    RunHook,
    RunTool,
    Settle,
    SpeakSentence,
    StopSpeech,
    StopThinking,
    Summarise,
    Tell,
    Think,
    UseAgent,
    Write,
)
from actors.agent_session.core.entries import Checkpoint, Entry, Happened, IncarnationEnded, StoredEvent
from actors.agent_session.core.facts import MAX_USER_DATA_BYTES
from actors.agent_session.core.inputs import Input
from actors.agent_session.core.kept_speech import KeptSpeech, Stretch
from actors.agent_session.core.machine import begin, handle
from actors.agent_session.core.memory import AgentChange, Memory, Sentence
from actors.agent_session.core.replay import EVENTS_KEPT, Past, after_end, restore
from actors.agent_session.core.restart import ResumePoint
from actors.agent_session.core.state import SessionConfig, State, Subscriber
from actors.agent_session.core.transition import Moment
from actors.agent_session.core.written_text import WrittenText

__all__ = [
    "EVENTS_KEPT",
    "MAX_USER_DATA_BYTES",
    "SAME_START",
    "After",
    "AgentChange",
    "Answer",
    "Checkpoint",
    "Effect",
    "EndVoice",
    "Entry",
    "Happened",
    "Heed",
    "IncarnationEnded",
    "Input",
    "KeptSpeech",
    "Leave",
    "Listen",
    "Memory",
    "Moment",
    "OpenOutput",
    "Origin",
    "Past",
    "PauseSpeech",
    "Push",
    "Recognize",
    "ResumePoint",
    "ResumeSpeech",
    "RunHook",
    "RunTool",
    "Sentence",
    "SessionConfig",
    "Settle",
    "SpeakSentence",
    "State",
    "StopSpeech",
    "StopThinking",
    "StoredEvent",
    "Stretch",
    "Subscriber",
    "Summarise",
    "Tell",
    "Think",
    "UseAgent",
    "Write",
    "WrittenText",
    "after_end",
    "begin",
    "conversation",
    "handle",
    "known_so_far",
    "refused",
    "restore",
    "undurable",
]
