"""What runs on this node, and what to do with the next request. Pure: every function returns the next workload.

The partitions are the truth of what runs, the journals of what should. What the WorkerManager knows comes from reconciliations of the
partitions and from the answers to its own requests since; the first reconciliation of an incarnation, and a look at the journals after it,
come before any decision. A reconciliation takes time: a job that got up since it began, or went, is not judged by it.

A call has a job from its start until it is over, whatever dies: a job whose processes are gone keeps its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeVar

from actors.worker_manager.generations import program_in, program_of
from actors.worker_manager.placement import least_busy
from actors.worker_manager.returning import FAILED, Call, Over
from protocols import (
    CapacityError,
    EndJob,
    ErrorReply,
    GetJob,
    GetWorkerStatus,
    JobEnded,
    JobInfo,
    JobStarted,
    JobState,
    LivekitexError,
    Message,
    Ref,
    StartJob,
    SystemUnavailableError,
    WorkerStatus,
)

T = TypeVar("T")

MAX_OVER: Final = 1_000
"""Calls that are remembered after they ended or failed; beyond it the oldest is forgotten."""


class Phase(StrEnum):
    """Where a job is on its way."""

    STARTING = "starting"
    RUNNING = "running"
    ENDING = "ending"
    UNSURE = "unsure"
    """Its partition did not say whether it has started, or ended: the next reconciliation does."""
    GONE = "gone"
    """No process of it is left, and what becomes of it is being found out."""
    RETURNING = "returning"
    """It is to be started, again or (of a program) for the first time, once its pause is over and a partition can take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job. ``uid`` is its supervisor's incarnation, empty before it is up; ``to`` the incarnation of its partition (None: it has none).

    ``started_wall_s`` is 0 where nobody remembers it. ``reconciliation`` is the one during which it got into its phase. ``due_s`` is when
    one that returns may be started (monotonic seconds).
    """

    job_id: str
    partition: str
    to: Ref | None
    phase: Phase
    uid: str = ""
    started_wall_s: float = 0.0
    reconciliation: int = 0
    due_s: float = 0.0
    call: Call = field(default_factory=Call)

    @property
    def placed(self) -> bool:
        """Whether it is, or may be, in its partition."""
        return self.phase not in (Phase.GONE, Phase.RETURNING)

    @property
    def returning(self) -> bool:
        """Whether it is not up and was before."""
        return self.phase in (Phase.RETURNING, Phase.STARTING) and bool(self.call.last_end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """All jobs, the partitions that can take one, and the figures.

    ``reconciled`` tells whether every job that runs is among ``jobs``, ``journals_read`` whether every open call of the journals is.
    ``reconciliation`` counts the reconciliations; ``gone`` are the jobs' incarnations that ended since the present one began. ``over`` is
    what became of earlier calls, the oldest first. While ``draining`` no new job is taken. ``forks_programs``: the calls of a program are
    forked from its generations, of which ``new_partitions`` got up since the present reconciliation began, which may not have seen them.
    """

    max_jobs: int
    partitions: Mapping[str, Ref] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    over: Mapping[str, Over] = field(default_factory=dict)
    accepted: int = 0
    refused: int = 0
    returned: int = 0
    failed: int = 0
    draining: bool = False
    reconciled: bool = False
    journals_read: bool = False
    reconciliation: int = 0
    gone: frozenset[str] = frozenset()
    forks_programs: bool = False
    new_partitions: Mapping[str, Ref] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether decisions can be made."""
        return self.reconciled and self.journals_read

    @property
    def busy(self) -> frozenset[str]:
        """The partitions that have jobs, or to which one may return."""
        return frozenset(job.partition for job in self.jobs.values())

    def program_of(self, job_id: str) -> str:
        """The program that a job is to be forked from; empty for one that any partition takes."""
        return program_of(self.jobs[job_id].call.job) if self.forks_programs else ""

    def to_status(self) -> WorkerStatus:
        """As it is told; jobs in alphabetical order."""
        jobs = (self.jobs[job_id] for job_id in sorted(self.jobs))
        return WorkerStatus(
            jobs=tuple(JobInfo(job_id=job.job_id, partition=job.partition, started_wall_s=job.started_wall_s) for job in jobs),
            max_jobs=self.max_jobs,
            accepted=self.accepted,
            refused=self.refused,
            draining=self.draining,
        )

    def to_figures(self) -> dict[str, int | bool]:
        """As it is counted."""
        return {
            "jobs": len(self.jobs),
            "max_jobs": self.max_jobs,
            "accepted": self.accepted,
            "refused": self.refused,
            "returned": self.returned,
            "returning": sum(job.phase is Phase.GONE or job.returning for job in self.jobs.values()),
            "failed": self.failed,
            "partitions": sum(not program_in(name) for name in self.partitions),
            "generations": sum(bool(program_in(name)) for name in self.partitions),
            "known": self.known,
            "draining": self.draining,
        }


@dataclass(frozen=True, slots=True)
class Wait:
    """Decide again when every job is known."""


@dataclass(frozen=True, slots=True)
class Park:
    """Decide again when the job has started or ended, or its processes are gone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Nothing is to be done."""

    message: Message


@dataclass(frozen=True, slots=True)
class Start:
    """Have the partition start the job."""

    job: StartJob
    to: Ref


@dataclass(frozen=True, slots=True)
class Prepare:
    """Have a generation of the job's program take it; it waits for that."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Have the partition stop this incarnation of a job's supervisor."""

    to: Ref
    uid: str


@dataclass(frozen=True, slots=True)
class Release:
    """Nothing of the job runs: release its journal, and answer."""

    message: Message


@dataclass(frozen=True, slots=True)
class Recall:
    """Ask the journal what became of the call."""


Decision = Wait | Park | Answer | Start | Prepare | Stop | Release | Recall

Question = StartJob | EndJob | GetJob | GetWorkerStatus


def decide(workload: Workload, question: Question) -> tuple[Workload, Decision]:
    """What to do with a request."""
    match question:
        case StartJob():
            return start(workload, question)
        case EndJob(job_id=job_id, reason=reason):
            return end(workload, job_id, reason)
        case GetJob(job_id=job_id):
            return workload, ask(workload, job_id)
        case GetWorkerStatus():
            return workload, Answer(workload.to_status()) if workload.known else Wait()


def start(workload: Workload, job: StartJob) -> tuple[Workload, Decision]:
    """A job is offered. One that runs is answered as started; a new one goes to the least busy partition, within the bound."""
    job_id = job.job_id
    if not workload.known:
        return workload, Wait()
    if (present := workload.jobs.get(job_id)) is not None:
        return workload, _present(present, Answer(JobStarted(job_id=job_id, partition=present.partition)))
    if workload.draining:
        return _refused(workload, CapacityError("this node is draining and takes no new call: start it on another one, or later"))
    if len(workload.jobs) >= workload.max_jobs:
        return _refused(workload, CapacityError(f"all {workload.max_jobs} places are taken: try again when a call has ended"))
    fresh = _put(workload, Job(job_id=job_id, partition="", to=None, phase=Phase.RETURNING, call=Call(job=job)))
    if workload.forks_programs and program_of(job):
        return replace(fresh, over=_but(workload.over, job_id)), Prepare()
    placed, to = place(fresh, job_id)
    if to is None:
        return _refused(workload, SystemUnavailableError("no partition can take a call now: try again in a moment"))
    return replace(placed, over=_but(workload.over, job_id)), Start(job, to)


def end(workload: Workload, job_id: str, reason: str) -> tuple[Workload, Decision]:
    """A job is to end. One that does not run has ended."""
    if not workload.known:
        return workload, Wait()
    job = workload.jobs.get(job_id)
    if job is None:
        return workload, Answer(JobEnded(job_id=job_id, reason="noproc"))
    if not job.placed:
        return conclude_call(workload, job_id, Over("ended", reason, release=True)), Release(JobEnded(job_id=job_id, reason=reason))
    if job.phase is Phase.RUNNING and job.to is not None:
        ending = replace(job, phase=Phase.ENDING, call=replace(job.call, ending=reason))
        return _put(workload, ending), Stop(job.to, job.uid)
    return workload, _present(job, Park())


def ask(workload: Workload, job_id: str) -> Decision:
    """How a job stands."""
    if not workload.known:
        return Wait()
    job = workload.jobs.get(job_id)
    if job is None:
        over = workload.over.get(job_id)
        return Recall() if over is None else Answer(JobState(job_id=job_id, state=over.state, reason=over.reason))
    if job.returning:
        return Answer(JobState(job_id=job_id, state="returning", reason=job.call.last_end))
    if job.phase in (Phase.STARTING, Phase.GONE, Phase.RETURNING):
        return Park()
    return Answer(JobState(job_id=job_id, state="running", reason=""))


def place(workload: Workload, job_id: str) -> tuple[Workload, Ref | None]:
    """Where a job that is not placed is to be started: in the least busy partition, that of a program where it was before.

    None: there is none, and nothing has changed.
    """
    if program := workload.program_of(job_id):
        before = workload.jobs[job_id].partition
        return place_in(workload, job_id, before) if program_in(before) == program else (workload, None)
    plain = [name for name in workload.partitions if not program_in(name)]
    partition = least_busy(plain, (job.partition for job in workload.jobs.values() if job.placed))
    return (workload, None) if partition is None else place_in(workload, job_id, partition)


def place_in(workload: Workload, job_id: str, partition: str) -> tuple[Workload, Ref | None]:
    """A job that is not placed is to be started in this partition. None: it does not run, and nothing has changed."""
    to = workload.partitions.get(partition)
    if to is None:
        return workload, None
    job = replace(workload.jobs[job_id], phase=Phase.STARTING, partition=partition, to=to, uid="")
    return _put(workload, job), to


def due(workload: Workload, now: float) -> tuple[str, ...]:
    """The returning jobs whose pause is over, those first that wait longest."""
    waiting = sorted((job for job in workload.jobs.values() if job.phase is Phase.RETURNING), key=lambda job: job.due_s)
    return tuple(job.job_id for job in waiting if job.due_s <= now)


def with_generation(workload: Workload, generation: str, to: Ref) -> Workload:
    """A generation of a program is up."""
    return replace(
        workload,
        partitions={**workload.partitions, generation: to},
        new_partitions={**workload.new_partitions, generation: to},
    )


def refuse(workload: Workload) -> Workload:
    """A job was refused."""
    return replace(workload, refused=workload.refused + 1)


def started(workload: Workload, job_id: str, uid: str, wall_s: float) -> Workload:
    """A job that was starting is up."""
    job = workload.jobs[job_id]
    call = replace(job.call, was_up=True, failed_starts=0)
    began = job.started_wall_s or wall_s
    workload = _put(
        workload, replace(job, phase=Phase.RUNNING, uid=uid, started_wall_s=began, reconciliation=workload.reconciliation, call=call)
    )
    if job.call.last_end:
        workload = replace(workload, returned=workload.returned + 1)
    return workload if job.call.was_up else replace(workload, accepted=workload.accepted + 1)


def not_started(workload: Workload, job_id: str) -> Workload:
    """A new job did not get up."""
    return refuse(_without(workload, job_id))


def returning(workload: Workload, job_id: str, call: Call, due_s: float) -> Workload:
    """A job is to be started again, as ``call`` says."""
    return _put(workload, replace(workload.jobs[job_id], phase=Phase.RETURNING, to=None, call=call, due_s=due_s))


def ended(workload: Workload, job_id: str) -> Workload:
    """A job that was ending is gone."""
    job = workload.jobs[job_id]
    workload = replace(workload, gone=workload.gone | {job.uid})
    return conclude_call(workload, job_id, Over("ended", job.call.ending, release=True))


def conclude_call(workload: Workload, job_id: str, over: Over) -> Workload:
    """A call is over: it is remembered for a while."""
    kept = list({**_but(workload.over, job_id), job_id: over}.items())[-MAX_OVER:]
    return replace(_without(workload, job_id), over=dict(kept), failed=workload.failed + (over.state == FAILED))


def unsure(workload: Workload, job_id: str) -> Workload:
    """Nobody said whether a job has started, or has ended. It keeps its place until a reconciliation that begins later tells."""
    return _put(workload, replace(workload.jobs[job_id], phase=Phase.UNSURE, reconciliation=workload.reconciliation))


def without_partition(workload: Workload, partition: str) -> Workload:
    """A partition ended, or is another incarnation: it takes no job until a reconciliation has found it."""
    return replace(workload, partitions=_but(workload.partitions, partition), new_partitions=_but(workload.new_partitions, partition))


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
    return replace(workload, jobs=_but(workload.jobs, job_id))


def _but(known: Mapping[str, T], name: str) -> dict[str, T]:
    return {key: value for key, value in known.items() if key != name}
