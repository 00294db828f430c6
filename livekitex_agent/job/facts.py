"""What a job is: plain data with the field names of LiveKit's protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any, Self


@unique
class JobExecutorType(Enum):
    """How a job is run. With us each has a process of its own, whatever a program asks for."""

    PROCESS = "process"
    THREAD = "thread"


@unique
class JobType(Enum):
    """Whether an agent is for a room or for one publisher in it; the values are LiveKit's."""

    ROOM = 0
    PUBLISHER = 1


class AutoSubscribe(str, Enum):  # noqa: UP042 - as LiveKit's: its text is not its value
    """Which tracks of a room are subscribed to."""

    SUBSCRIBE_ALL = "subscribe_all"
    SUBSCRIBE_NONE = "subscribe_none"
    AUDIO_ONLY = "audio_only"
    VIDEO_ONLY = "video_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFacts:
    """A room as the job names it; ``sid`` is empty while no server knows it."""

    name: str = ""
    sid: str = ""
    metadata: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantFacts:
    """The publisher that a job is for."""

    identity: str = ""
    sid: str = ""
    name: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The facts of one job, the same in each of its incarnations.

    ``id`` is the call's id. ``metadata`` is the text that whoever asked for the job gave, ``agent_name`` the name that it was asked for by.
    ``participant`` is None unless the job is for a publisher.
    """

    id: str
    room: RoomFacts = field(default_factory=RoomFacts)
    type: JobType = JobType.ROOM
    participant: ParticipantFacts | None = None
    metadata: str = ""
    agent_name: str = ""
    dispatch_id: str = ""
    enable_recording: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    def to_wire(self) -> dict[str, Any]:
        """What travels in the arguments of a call; `from_wire` gives an equal job."""
        wire: dict[str, Any] = {"id": self.id, "room": self.room.name, "room_metadata": self.room.metadata}
        return wire | {"metadata": self.metadata, "agent_name": self.agent_name, "attributes": dict(self.attributes)}

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """The job that ``wire`` describes; what is absent has its default, and the room the job's id as its name."""
        room = RoomFacts(name=wire.get("room") or wire["id"], metadata=wire.get("room_metadata", ""))
        return cls(
            id=wire["id"],
            room=room,
            metadata=wire.get("metadata", ""),
            agent_name=wire.get("agent_name", ""),
            attributes=wire.get("attributes", {}),
        )


@dataclass(kw_only=True)
class JobAcceptArguments:
    """How an agent joins: what `JobRequest.accept` was given."""

    name: str = ""
    identity: str = ""
    metadata: str = ""
    attributes: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJobInfo:
    """A job that was accepted. ``fake_job``: no server knows it. ``url`` and ``token`` are those of its room, empty without one.

    ``worker_id`` is that of the worker that runs it (see `AgentServer.id`).
    """

    job: Job
    accept_arguments: JobAcceptArguments = field(default_factory=JobAcceptArguments, hash=False)
    url: str = ""
    token: str = field(default="", repr=False)
    worker_id: str = "unregistered"
    fake_job: bool = True
