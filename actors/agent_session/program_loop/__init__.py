"""The event loop of a call's user code, apart from that of the media, and what is done when that code blocks it."""

from actors.agent_session.program_loop.loop import ProgramLoop, ProgramLoopThread

__all__ = ["ProgramLoop", "ProgramLoopThread"]
