"""What a job's session came to, by LiveKit's name of the module."""

from livekitex_agent.job import SessionReport

__all__ = ["SessionReport"]
