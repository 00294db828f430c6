"""``ctx.room`` while no LiveKit room is connected: the job's facts, and a clear word for everything that needs a server.

The next version connects rooms; until then a call is driven by `livekitex console`, a script or a test.
"""

from typing import Any, Final, NoReturn

from livekitex_agent.job.facts import Job, JobAcceptArguments
from livekitex_agent.utils.event_emitter import EventEmitter
from protocols import UsageError

NO_ROOM: Final = "needs a LiveKit room, which the next version connects: drive the call by `livekitex console` or a script"

STAND_IN: Final = "console"
"""The name of a room that there is not."""


def needs_room(what: str) -> NoReturn:
    """Say that ``what`` needs a room.

    Raises:
        UsageError: always.
    """
    raise UsageError(f"{what} {NO_ROOM}")


class _Unconnected:
    """What is not defined here exists in a connected room alone."""

    _called: str

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        needs_room(f"{self._called}.{name}")


class LocalParticipant(_Unconnected):
    """``ctx.agent``: the agent as a participant of its room, of whom only what the job says is known."""

    _called = "ctx.agent"

    def __init__(self, accepted: JobAcceptArguments, job_id: str) -> None:
        self.identity = accepted.identity or f"agent-{job_id}"
        self.name = accepted.name
        self.metadata = accepted.metadata
        self.attributes = dict(accepted.attributes or {})
        self.sid = ""


class Room(_Unconnected, EventEmitter[str]):
    """``ctx.room``: may be given to ``session.start(room=ctx.room)``, asked for the job's facts, and listened to.

    Handlers are kept for the room that is connected one day; without one nothing happens in it. Anything else raises a `UsageError`.
    Its name is the one that LiveKit's own stand-in for a room has; that of the job's room is ``ctx.job.room.name``.
    """

    _called = "ctx.room"

    def __init__(self, job: Job, accepted: JobAcceptArguments) -> None:
        EventEmitter.__init__(self)
        self.name = STAND_IN
        self.metadata = job.room.metadata
        self.local_participant = LocalParticipant(accepted, job.id)
        self.remote_participants: dict[str, Any] = {}
        self.num_participants = 0

    def isconnected(self) -> bool:
        """False: there is no room."""
        return False
