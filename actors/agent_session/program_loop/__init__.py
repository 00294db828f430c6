"""The event loop of a call's user code, apart from that of the media, and what is done when that code blocks it."""

from actors.agent_session.program_loop.blocking import Blocked, BlockEnded, Collected, MustEnd, Verdict
from actors.agent_session.program_loop.loop import ProgramLoop, ProgramLoopThread
from actors.agent_session.program_loop.monitor import USER_BLOCK_S, BlockMonitor

__all__ = ["USER_BLOCK_S", "BlockEnded", "BlockMonitor", "Blocked", "Collected", "MustEnd", "ProgramLoop", "ProgramLoopThread", "Verdict"]
