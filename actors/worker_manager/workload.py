"""What runs on this node, and what to do with the next request. Pure: every function returns the next workload.

The partitions are the truth. What the WorkerManager knows comes from surveys of them and from the answers to its own requests since; the
first survey of a life comes before any decision. A survey takes time: a job that got up since it began, or went, is not judged by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from actors.worker_manager.placement import least_busy
from protocols import (
    CapacityError,
    ErrorReply,
    JobEnded,
    JobInfo,
    JobStarted,
    LivekitexError,
    Message,
    Ref,
    SystemUnavailableError,
    WorkerStatus,
)


class Phase(StrEnum):
    """Where a job is on its way."""

    STARTING = "starting"
    RUNNING = "running"
    ENDING = "ending"
    UNSURE = "unsure"
    """Its partition did not say whether it has started, or ended: the next survey does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job. ``uid`` is its supervisor's life, empty before it is up; ``to`` the life of its partition.

    ``started_wall_s`` is 0 when an earlier WorkerManager started it. ``survey`` is the one during which it got into its phase.
    """

    job_id: str
    partition: str
    to: Ref
    phase: Phase
    uid: str = ""
    started_wall_s: float = 0.0
    survey: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """All jobs, the partitions that can take one, and the figures.

    ``known`` tells whether every job that runs is among ``jobs``. ``survey`` counts the surveys; ``gone`` are the jobs' lives that ended
    since the present one began.
    """

    max_jobs: int
    partitions: Mapping[str, Ref] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    accepted: int = 0
    refused: int = 0
    known: bool = False
    survey: int = 0
    gone: frozenset[str] = frozenset()

    def to_status(self) -> WorkerStatus:
        """As it is told; jobs in alphabetical order."""
        jobs = (self.jobs[job_id] for job_id in sorted(self.jobs))
        return WorkerStatus(
            jobs=tuple(JobInfo(job_id=job.job_id, partition=job.partition, started_wall_s=job.started_wall_s) for job in jobs),
            max_jobs=self.max_jobs,
            accepted=self.accepted,
            refused=self.refused,
            draining=False,
        )


@dataclass(frozen=True, slots=True)
class Wait:
    """Decide again when every running job is known."""


@dataclass(frozen=True, slots=True)
class Park:
    """Decide again when the job has started or ended."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Nothing is to be done."""

    message: Message


@dataclass(frozen=True, slots=True)
class Start:
    """Have the partition start the job."""

    to: Ref


@dataclass(frozen=True, slots=True)
class Stop:
    """Have the partition stop this life of a job's supervisor."""

    to: Ref
    uid: str


Decision = Wait | Park | Answer | Start | Stop


def start(workload: Workload, job_id: str) -> tuple[Workload, Decision]:
    """A job is offered. One that runs is answered as started; a new one goes to the least busy partition, within the bound."""
    if not workload.known:
        return workload, Wait()
    if (job := workload.jobs.get(job_id)) is not None:
        return workload, _present(job, Answer(JobStarted(job_id=job_id, partition=job.partition)))
    if len(workload.jobs) >= workload.max_jobs:
        return _refused(workload, CapacityError(f"all {workload.max_jobs} places are taken: try again when a call has ended"))
    partition = least_busy(workload.partitions, (job.partition for job in workload.jobs.values()))
    if partition is None:
        return _refused(workload, SystemUnavailableError("no partition can take a call now: try again in a moment"))
    to = workload.partitions[partition]
    return _put(workload, Job(job_id=job_id, partition=partition, to=to, phase=Phase.STARTING)), Start(to)


def end(workload: Workload, job_id: str) -> tuple[Workload, Decision]:
    """A job is to end. One that does not run has ended."""
    if not workload.known:
        return workload, Wait()
    job = workload.jobs.get(job_id)
    if job is None:
        return workload, Answer(JobEnded(job_id=job_id, reason="noproc"))
    if job.phase is Phase.RUNNING:
        workload = _put(workload, replace(job, phase=Phase.ENDING))
    return workload, _present(job, Stop(job.to, job.uid))


def refuse(workload: Workload) -> Workload:
    """A job was refused."""
    return replace(workload, refused=workload.refused + 1)


def started(workload: Workload, job_id: str, uid: str, wall_s: float) -> Workload:
    """A job that was starting is up."""
    job = replace(workload.jobs[job_id], phase=Phase.RUNNING, uid=uid, started_wall_s=wall_s, survey=workload.survey)
    return replace(_put(workload, job), accepted=workload.accepted + 1)


def not_started(workload: Workload, job_id: str) -> Workload:
    """A job that was starting did not get up."""
    return refuse(_without(workload, job_id))


def ended(workload: Workload, job_id: str) -> Workload:
    """A job that was ending is gone."""
    gone = workload.gone | {workload.jobs[job_id].uid}
    return replace(_without(workload, job_id), gone=gone)


def unsure(workload: Workload, job_id: str) -> Workload:
    """Nobody said whether a job has started, or has ended. It keeps its place until a survey that begins later tells."""
    return _put(workload, replace(workload.jobs[job_id], phase=Phase.UNSURE, survey=workload.survey))


def without_partition(workload: Workload, partition: str) -> Workload:
    """A partition ended, or is another life: it takes no job until a survey has found it."""
    return replace(workload, partitions={name: ref for name, ref in workload.partitions.items() if name != partition})


def _present(job: Job, if_running: Decision) -> Decision:
    if job.phase is Phase.RUNNING:
        return if_running
    if job.phase is Phase.UNSURE:
        text = f"whether job {job.job_id} runs is not known, {job.partition} does not answer: try again in a moment"
        return Answer(ErrorReply.of(SystemUnavailableError(text)))
    return Park()


def _refused(workload: Workload, failure: LivekitexError) -> tuple[Workload, Answer]:
    return refuse(workload), Answer(ErrorReply.of(failure))


def _put(workload: Workload, job: Job) -> Workload:
    return replace(workload, jobs={**workload.jobs, job.job_id: job})


def _without(workload: Workload, job_id: str) -> Workload:
    return replace(workload, jobs={known: job for known, job in workload.jobs.items() if known != job_id})
