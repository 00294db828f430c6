"""The AgentSession actor: the conversation of one call, which comes back whenever its process dies.

``core`` is the conversation as a pure machine, ``engine`` recognition, generation, tools and speech output on an event loop, ``journal``
what survives the process on disk, ``shared_audio_buffer`` and ``shared_speech_buffer`` what survives it in memory.
"""

from actors.agent_session.actor import AgentSession
from actors.agent_session.blueprint import Blueprint, plan_turns
from actors.agent_session.conversation import SHARED_MEMORY_BYTES
from actors.agent_session.core import Memory, RunHook, Sentence, UseAgent, WrittenText
from actors.agent_session.core.inputs import AgentFailed, AgentWanted, FactTold, HookEnded, ProgramFailed, ToolsChanged, UserDataChanged
from actors.agent_session.core.memory import ON_EXIT, AgentChange
from actors.agent_session.core.tool_inputs import FloorAsked, FloorReleased, ToolProgressed
from actors.agent_session.engine import Providers
from actors.agent_session.inline import InlineAgentSession
from actors.agent_session.parts import Parts
from actors.agent_session.preloading import preload
from actors.agent_session.program import Program, ProgramCall, ProgramWork
from actors.agent_session.standalone import StandaloneSession

__all__ = [
    "ON_EXIT",
    "SHARED_MEMORY_BYTES",
    "AgentChange",
    "AgentFailed",
    "AgentSession",
    "AgentWanted",
    "Blueprint",
    "FactTold",
    "FloorAsked",
    "FloorReleased",
    "HookEnded",
    "InlineAgentSession",
    "Memory",
    "Parts",
    "Program",
    "ProgramCall",
    "ProgramFailed",
    "ProgramWork",
    "Providers",
    "RunHook",
    "Sentence",
    "StandaloneSession",
    "ToolProgressed",
    "ToolsChanged",
    "UseAgent",
    "UserDataChanged",
    "WrittenText",
    "plan_turns",
    "preload",
]
