"""A call's facts: its room, who is in it, how it stands."""

from actors.job_context.actor import JobContext

__all__ = ["JobContext"]
