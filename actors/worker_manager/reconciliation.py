"""What a reconciliation of the partitions says about the jobs. Pure.

A reconciliation takes time: `jobs` is asked for the partitions, then each of them for its jobs. What began or ended meanwhile is not judged
by it. So every reconciliation has a number, each job remembers the one during which it got into its phase (``Job.reconciliation``), and the
workload which incarnations ended since the present one began (``Workload.gone``); an answer counts only for what is older than its
question.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from actors.worker_manager.generations import program_in
from actors.worker_manager.returning import Call, JournaledCall
from actors.worker_manager.workload import Job, Phase, Stop, Workload
from protocols import Children, NameChanged, Ref

_JOB: Final = "job/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A partition that runs, and its jobs by id, each with the incarnation of its supervisor; None when it did not answer."""

    ref: Ref
    jobs: Mapping[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """``gone`` are jobs whose processes are gone, each with whether their partition is too.

    ``duplicates`` are second incarnations of a job.
    """

    gone: Mapping[str, bool] = field(default_factory=dict)
    duplicates: tuple[Stop, ...] = ()


def partitions_of(children: Children) -> dict[str, Ref]:
    """The running partitions, by name; a generation of a program that is still loading it is none yet."""
    return {info.ref.id: info.ref for info in children.children if info.ref is not None and info.state != "starting"}


def jobs_of(children: Children) -> dict[str, str]:
    """The running jobs of a partition, by id."""
    return {
        info.ref.id.removeprefix(_JOB): info.ref.uid for info in children.children if info.ref is not None and info.ref.id.startswith(_JOB)
    }


def is_news(workload: Workload, change: NameChanged) -> bool:
    """Whether a name's change tells of something that is not known. What happened, the partitions know better than the registry.

    What happens inside of a job is its supervisor's business.
    """
    kind, _, job_id = change.name.partition("/")
    if kind not in {"jobs", "partition", "job"}:
        return False
    known = workload.partitions.get(change.name)
    return change.ref is None or not ((kind == "job" and job_id in workload.jobs) or change.ref == known)


def concerned(workload: Workload, name: str) -> tuple[str, ...]:
    """The jobs that the end of ``name`` concerns: all those below a supervisor, or the one that it belongs to."""
    kind, _, job_id = name.partition("/")
    if kind == "jobs":
        return tuple(workload.jobs)
    if kind == "partition":
        return tuple(job.job_id for job in workload.jobs.values() if job.partition == name)
    return (job_id,) if job_id in workload.jobs else ()


def begin(workload: Workload) -> Workload:
    """A reconciliation begins."""
    return replace(workload, reconciliation=workload.reconciliation + 1, gone=frozenset(), new_partitions={})


def conclude(workload: Workload, observations: Mapping[str, Observation]) -> tuple[Workload, Conclusion]:
    """The reconciliation is over. ``observations`` has an entry for each partition that runs.

    Jobs that nobody knew are taken over; those that are not there any more keep a place, but no partition. A partition that did not answer
    keeps those that it had, and takes a new one only if none answered (busy partitions answer late); while there is one, no first
    reconciliation counts. A program has no other generation to take its calls: that it runs is enough.
    """
    seen = {name: observation.ref for name, observation in observations.items()}
    answered = {name: ref for name, ref in seen.items() if observations[name].jobs is not None}
    whole = len(answered) == len(observations)
    new = {name: ref for name, ref in workload.new_partitions.items() if name not in observations}
    partitions = {**(answered or seen), **{name: ref for name, ref in seen.items() if program_in(name)}, **new}
    observations = {**observations, **{name: Observation(ref=ref, jobs=None) for name, ref in new.items()}}
    judged = [_judged(job, observations.get(job.partition), workload.reconciliation) for job in workload.jobs.values()]
    jobs = {job.job_id: job for job in judged}
    duplicates = list[Stop]()
    for name in sorted(observations):
        observation = observations[name]
        for job_id, uid in (observation.jobs or {}).items():
            job = jobs.get(job_id) or Job(job_id=job_id, partition=name, to=None, phase=Phase.GONE, call=Call(was_up=True))
            if uid in workload.gone:
                continue
            if not job.placed:
                jobs[job_id] = replace(job, partition=name, to=observation.ref, phase=Phase.RUNNING, uid=uid)
            elif job.uid != uid and not (job.phase in (Phase.STARTING, Phase.UNSURE) and job.partition == name):
                duplicates.append(Stop(observation.ref, uid))
    gone = {
        job_id: job.partition not in observations or job.to is None or observations[job.partition].ref.uid != job.to.uid
        for job_id, job in workload.jobs.items()
        if job.placed and not jobs[job_id].placed
    }
    workload = replace(workload, jobs=jobs, partitions=partitions, reconciled=workload.reconciled or whole)
    return workload, Conclusion(gone=gone, duplicates=tuple(duplicates))


def add_journaled(workload: Workload, found: Iterable[JournaledCall]) -> tuple[Workload, tuple[str, ...]]:
    """The journals' open calls are known: those that run are remembered, the others, which are told, have a job without processes now.

    The look took time: a call that is over by now was open then.
    """
    jobs = dict(workload.jobs)
    missing = []
    for call in found:
        job_id = call.job.job_id
        if job_id in workload.over:
            continue
        job = jobs.get(job_id)
        if job is None:
            job = Job(job_id=job_id, partition="", to=None, phase=Phase.GONE, call=Call(was_up=True))
            missing.append(job_id)
        jobs[job_id] = replace(job, started_wall_s=call.began_wall_s, call=replace(job.call, job=job.call.job or call.job))
    return replace(workload, jobs=jobs, journals_read=True), tuple(missing)


def _judged(job: Job, observation: Observation | None, reconciliation: int) -> Job:
    """The job after the reconciliation. ``observation`` is of its partition."""
    if not job.placed:
        return job
    without = replace(job, phase=Phase.GONE, to=None, reconciliation=reconciliation)
    if observation is None or job.to is None or observation.ref.uid != job.to.uid:
        return without  # it died with its partition
    if observation.jobs is None or job.reconciliation >= reconciliation or job.phase in (Phase.STARTING, Phase.ENDING):
        return job  # nothing was seen, or it is too early to judge, or its answer is still to come
    uid = observation.jobs.get(job.job_id)
    return without if uid is None else replace(job, phase=Phase.RUNNING, uid=uid)
