"""The AgentSession actor: the conversation of one call, which comes back whenever its process dies.

``core`` is the conversation as a pure machine, ``engine`` recognition, generation, tools and speech output on an event loop, ``journal``
what survives the process on disk, and ``shared_audio_buffer`` what survives it in memory.
"""

from actors.agent_session.actor import AgentSession
from actors.agent_session.inline import InlineAgentSession
from actors.agent_session.preloading import preload
from actors.agent_session.preparation import Parts
from actors.agent_session.shared_audio_buffer import SHARED_AUDIO_BUFFER_BYTES

__all__ = ["SHARED_AUDIO_BUFFER_BYTES", "AgentSession", "InlineAgentSession", "Parts", "preload"]
