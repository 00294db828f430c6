"""The AgentSession actor: the conversation of one call, which comes back whenever its process dies.

``core`` is the conversation as a pure machine, ``engine`` recognition, generation, tools and speech output on an event loop, ``journal``
what survives the process on disk, ``shared_audio_buffer`` and ``shared_speech_buffer`` what survives it in memory.
"""

from actors.agent_session.actor import AgentSession
from actors.agent_session.conversation import SHARED_MEMORY_BYTES
from actors.agent_session.inline import InlineAgentSession
from actors.agent_session.preloading import preload
from actors.agent_session.preparation import Parts

__all__ = ["SHARED_MEMORY_BYTES", "AgentSession", "InlineAgentSession", "Parts", "preload"]
