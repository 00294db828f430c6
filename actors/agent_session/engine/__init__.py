"""The engine of a session: audio recognition, generation, tools and speech output on one event loop in a thread of its own.

It does what the core wants done (`core.effects`) and tells what came of it (`core.inputs`); it decides nothing about the conversation.
"""

from actors.agent_session.engine.circuit_breakers import PERMIT_S, CircuitBreakers
from actors.agent_session.engine.engine import Engine, Providers, Services
from actors.agent_session.engine.failures import named
from actors.agent_session.engine.loop import EngineLoop, LoopThread

__all__ = ["PERMIT_S", "CircuitBreakers", "Engine", "EngineLoop", "LoopThread", "Providers", "Services", "named"]
