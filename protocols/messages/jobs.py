"""Jobs: one per call. The WorkerManager accepts and places them; each has a JobContext."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

__all__ = ["SYSTEM_STOPPED", "Drain", "Drained", "EndJob", "GetJob", "GetJobContext", "GetWorkerStatus", "JobContextInfo", "JobEnded"]
__all__ += ["JobInfo", "JobStarted", "JobState", "Participant", "ParticipantJoined", "ParticipantLeft", "SessionEnded", "SessionStarted"]
__all__ += ["StartJob", "WorkerStatus"]

SYSTEM_STOPPED: Final = "system stopped"
"""Why a call ended whose system was stopped: its job was terminated, not completed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartJob:
    """Take a call. ``agent`` is `livekitex_agent.Agent` on the wire. Answered with `JobStarted` or `ErrorReply`.

    A job that runs already under this id is answered as started: the request may be sent again.
    """

    TAG: ClassVar[str] = "jobs.start"
    job_id: str
    agent: Mapping[str, Any]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted:
    """The call's tree is up."""

    TAG: ClassVar[str] = "jobs.started"
    job_id: str
    partition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndJob:
    """Stop a call's tree in order. Answered with `JobEnded`, also when no such job runs."""

    TAG: ClassVar[str] = "jobs.end"
    job_id: str
    reason: str = "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """The call's tree is gone."""

    TAG: ClassVar[str] = "jobs.ended"
    job_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GetJob:
    """Ask the WorkerManager how a call stands; answered with `JobState` once that is known."""

    TAG: ClassVar[str] = "jobs.get"
    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """How a call stands.

    ``state`` is ``running``; ``returning``: its tree is gone and is started again; ``ended``: it came to its end, or was stopped;
    ``failed``: it died more often than its budget allows, or cannot be started again; ``unknown``: no such call is remembered. ``reason``
    says why, for all but ``running``.
    """

    TAG: ClassVar[str] = "jobs.state"
    job_id: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Take no new job, and answer with `Drained` once none runs any more, at the latest after ``timeout_ms``. Said again it begins anew."""

    TAG: ClassVar[str] = "jobs.drain"
    timeout_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """``jobs`` still run: 0, or the time was over."""

    TAG: ClassVar[str] = "jobs.drained"
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GetWorkerStatus:
    """Ask the WorkerManager; answered with `WorkerStatus`."""

    TAG: ClassVar[str] = "jobs.get_status"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInfo:
    """One running job."""

    job_id: str
    partition: str
    started_wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """What runs, what was refused, and the bound. ``draining`` means that no new job is taken."""

    TAG: ClassVar[str] = "jobs.status"
    jobs: tuple[JobInfo, ...]
    max_jobs: int
    accepted: int
    refused: int
    draining: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GetJobContext:
    """Ask a JobContext; answered with `JobContextInfo`."""

    TAG: ClassVar[str] = "job.get"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Someone in the room."""

    identity: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContextInfo:
    """A call's facts. ``status`` is created, running, completed, failed or terminated."""

    TAG: ClassVar[str] = "job.info"
    job_id: str
    status: str
    room: str
    participants: tuple[Participant, ...]
    incarnations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantJoined:
    """Someone entered the room (no answer)."""

    TAG: ClassVar[str] = "job.participant_joined"
    participant: Participant


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantLeft:
    """Someone left the room (no answer)."""

    TAG: ClassVar[str] = "job.participant_left"
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted:
    """A session tells its JobContext that its ``incarnation`` has begun (no answer)."""

    TAG: ClassVar[str] = "job.session_started"
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """A session tells its JobContext that the conversation is over (no answer)."""

    TAG: ClassVar[str] = "job.session_ended"
    reason: str
