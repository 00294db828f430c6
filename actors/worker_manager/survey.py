"""What a survey of the partitions says about the jobs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from actors.worker_manager.workload import Job, Phase, Stop, Workload
from protocols import Children, NameChanged, Ref

_JOB: Final = "job/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A partition that runs, and its jobs by id, each with the life of its supervisor; None when it did not answer."""

    ref: Ref
    jobs: Mapping[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """``lost`` are jobs whose partition is gone while somebody may wait for them; ``strays`` run although another life of the job does."""

    lost: tuple[str, ...] = ()
    strays: tuple[Stop, ...] = ()


def partitions_of(children: Children) -> dict[str, Ref]:
    """The running partitions, by name."""
    return {info.ref.id: info.ref for info in children.children if info.ref is not None}


def jobs_of(children: Children) -> dict[str, str]:
    """The running jobs of a partition, by id."""
    return {
        info.ref.id.removeprefix(_JOB): info.ref.uid for info in children.children if info.ref is not None and info.ref.id.startswith(_JOB)
    }


def is_news(workload: Workload, change: NameChanged) -> bool:
    """Whether a name's change tells of something that is not known. What happened, the partitions know better than the registry."""
    known = workload.partitions.get(change.name)
    is_job = change.name.startswith(_JOB) and change.name.removeprefix(_JOB) in workload.jobs
    return change.ref is None or not (is_job or change.ref == known)


def begin(workload: Workload) -> Workload:
    """A survey begins."""
    return replace(workload, survey=workload.survey + 1, gone=frozenset())


def conclude(workload: Workload, findings: Mapping[str, Finding]) -> tuple[Workload, Conclusion]:
    """The survey is over. ``findings`` has an entry for each partition that runs.

    Jobs that nobody knew are taken over, those that are not there any more are dropped. A partition that did not answer keeps those that it
    had, and takes a new one only if none answered (busy partitions answer late); as long as there is one, a first survey does not count.
    """
    judged = (_judged(job, findings.get(job.partition), workload.survey) for job in workload.jobs.values())
    jobs = {job.job_id: job for job in judged if job is not None}
    strays = list[Stop]()
    for name in sorted(findings):
        finding = findings[name]
        for job_id, uid in (finding.jobs or {}).items():
            job = jobs.get(job_id)
            if uid in workload.gone:
                continue
            if job is None:
                jobs[job_id] = Job(job_id=job_id, partition=name, to=finding.ref, phase=Phase.RUNNING, uid=uid)
            elif job.uid != uid and not (job.phase in (Phase.STARTING, Phase.UNSURE) and job.partition == name):
                strays.append(Stop(finding.ref, uid))
    lost = tuple(job for job_id, job in workload.jobs.items() if job_id not in jobs and job.phase in (Phase.STARTING, Phase.ENDING))
    answered = {name: finding.ref for name, finding in findings.items() if finding.jobs is not None}
    return replace(
        workload,
        jobs=jobs,
        refused=workload.refused + sum(job.phase is Phase.STARTING for job in lost),
        partitions=answered or {name: finding.ref for name, finding in findings.items()},
        known=workload.known or len(answered) == len(findings),
    ), Conclusion(lost=tuple(job.job_id for job in lost), strays=tuple(strays))


def _judged(job: Job, finding: Finding | None, survey: int) -> Job | None:
    """The job after the survey, None if it is gone. ``finding`` is of its partition."""
    if finding is None or finding.ref.uid != job.to.uid:
        return None  # it died with its partition
    if finding.jobs is None or job.survey >= survey or job.phase in (Phase.STARTING, Phase.ENDING):
        return job  # nothing was seen, or it is too early to judge, or its answer is still to come
    return replace(job, phase=Phase.RUNNING) if finding.jobs.get(job.job_id) == job.uid else None
