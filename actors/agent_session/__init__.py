"""The AgentSession actor: the conversation of one call, which comes back whenever its process dies.

``core`` is the conversation as a pure machine, ``engine`` the ears, brain, hands and mouth on an event loop, ``journal`` what survives the
process on disk and ``call_memory`` what survives it in memory.
"""

from actors.agent_session.actor import AgentSession
from actors.agent_session.call_memory import CALL_MEMORY_BYTES
from actors.agent_session.preloading import preload

__all__ = ["CALL_MEMORY_BYTES", "AgentSession", "preload"]
