"""The WorkerManager actor: it asks the workload what to do, and the partitions to do it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from actors.worker_manager.job_spec import job_name, job_spec, require_job_id
from actors.worker_manager.options import WorkerOptions
from actors.worker_manager.outcomes import is_down, is_refusal, no_answer, start_failure
from actors.worker_manager.survey import Finding, begin, conclude, is_news
from actors.worker_manager.surveyor import Surveyor
from actors.worker_manager.workload import (
    Answer,
    Decision,
    Phase,
    Start,
    Stop,
    Wait,
    Workload,
    end,
    ended,
    not_started,
    start,
    started,
    unsure,
    without_partition,
)
from protocols import (
    CapacityError,
    ChildResult,
    EndJob,
    ErrorReply,
    ExitReason,
    Figures,
    GetFigures,
    GetWorkerStatus,
    JobEnded,
    LivekitexError,
    Message,
    NameChanged,
    Ref,
    StartChild,
    StartJob,
    SystemUnavailableError,
    TerminateChild,
    UsageError,
    WatchNames,
)
from supervision import Actor

log = logging.getLogger("livekitex.worker_manager")

START_TIMEOUT_S: Final = 30.0
"""How long a partition may take to bring a job up."""

END_TIMEOUT_S: Final = 30.0
"""How long a partition may take to bring a job down."""

WAIT_S: Final = 10.0
"""How long a request waits for the running jobs to be known; then it is refused."""

MAX_HELD: Final = 1_000
"""Requests that are under way or wait; a further one is refused."""

WATCHED: Final = ("jobs", "partition/", "job/")


@dataclass(frozen=True, slots=True)
class _Request:
    message: StartJob | EndJob | GetWorkerStatus
    answer: Callable[[Message], None]
    since_s: float


class WorkerManager(Actor):
    """Takes calls for this node and places them. Arguments are the fields of `WorkerOptions`.

    Calls do not depend on it: when it ends they go on, and its next life asks the partitions which there are before it takes new ones.
    """

    trap_exit = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Begin to look for the running jobs; up before they are known.

        Raises:
            ConfigurationError: arguments that are no `WorkerOptions`.
        """
        self._options = WorkerOptions.from_args(args)
        self._workload = Workload(max_jobs=self._options.max_jobs)
        self._waiting: list[_Request] = []
        self._parked: dict[str, list[_Request]] = {}
        self._surveyor = Surveyor(self.context, self._survey_begins, self._surveyed)
        self.on_registry_changed()

    def on_registry_changed(self) -> None:
        """Watch there, and look again."""
        if self.context.registry is not None:
            for prefix in WATCHED:
                self.context.send(self.context.registry, WatchNames(prefix=prefix))
        self._surveyor.survey()

    def on_message(self, message: Message) -> None:
        """Serve the messages about jobs; others are dropped."""
        match message:
            case StartJob() | EndJob() | GetWorkerStatus():
                self._accept(_Request(message, self.context.replier(), self.context.clock.monotonic()))
            case NameChanged() if is_news(self._workload, message):
                self._workload = without_partition(self._workload, message.name)
                self._surveyor.survey()
            case GetFigures():
                self.context.reply(Figures(role="worker_manager", figures=self._figures()))
            case _:
                super().on_message(message)

    def terminate(self, reason: ExitReason) -> None:
        """Tell everybody who waits that the answer will not come from this life."""
        del reason
        reply = ErrorReply.of(SystemUnavailableError("the worker manager restarts: ask again, which does nothing twice"))
        for request in (*self._waiting, *(request for requests in self._parked.values() for request in requests)):
            request.answer(reply)

    # Requests.

    def _accept(self, request: _Request) -> None:
        if self._held() >= MAX_HELD:
            request.answer(ErrorReply.of(CapacityError(f"{MAX_HELD} requests are under way: try again in a moment")))
            return
        try:
            if not isinstance(request.message, GetWorkerStatus):
                require_job_id(request.message.job_id)
        except UsageError as failure:
            request.answer(ErrorReply.of(failure))
        else:
            self._handle(request)

    def _handle(self, request: _Request) -> None:
        match request.message:
            case StartJob(job_id=job_id) as job:
                self._workload, decision = start(self._workload, job_id)
                self._hold(request, job_id, decision)
                if isinstance(decision, Start):
                    self._start(job, decision.to)
            case EndJob(job_id=job_id):
                self._workload, decision = end(self._workload, job_id)
                self._hold(request, job_id, decision)
                if isinstance(decision, Stop):
                    self._stop(job_id, decision)
            case _:
                self._hold(request, "", Answer(self._workload.to_status()) if self._workload.known else Wait())

    def _hold(self, request: _Request, job_id: str, decision: Decision) -> None:
        match decision:
            case Answer(message=message):
                request.answer(message)
            case Wait():
                self._waiting.append(request)
            case _:  # whoever starts or stops a job waits like those who only hear of it
                self._parked.setdefault(job_id, []).append(request)

    def _start(self, job: StartJob, to: Ref) -> None:
        try:
            spec = job_spec(job, self._options).to_wire()
            self.context.ask(to, StartChild(spec=spec), timeout_s=START_TIMEOUT_S, then=partial(self._start_answered, job.job_id, to))
        except LivekitexError as failure:  # the agent is too large, or cannot travel
            self._workload = not_started(self._workload, job.job_id)
            self._settle(job.job_id, ErrorReply.of(failure))

    def _start_answered(self, job_id: str, to: Ref, answer: Message | None) -> None:
        job = self._workload.jobs.get(job_id)
        if job is None or job.to != to or job.phase is not Phase.STARTING:
            return  # its partition is gone, which everybody was told
        match answer:
            case ChildResult(result="ok", ref=Ref() as ref):
                self._workload = started(self._workload, job_id, ref.uid, self.context.clock.wall())
                self._settle(job_id)
            case ChildResult(result=result):
                failure = start_failure(result)
                level = logging.INFO if is_refusal(failure) else logging.WARNING  # whoever asked is told why
                log.log(level, "job did not start", extra={"job_id": job_id, "partition": job.partition, "result": result})
                self._workload = not_started(self._workload, job_id)
                self._settle(job_id, failure)
            case _:
                self._unsure(job_id, job.partition)

    def _stop(self, job_id: str, stop: Stop) -> None:
        message = TerminateChild(child_id=job_name(job_id), uid=stop.uid)
        self.context.ask(stop.to, message, timeout_s=END_TIMEOUT_S, then=partial(self._stop_answered, job_id, stop.uid))

    def _stop_answered(self, job_id: str, uid: str, answer: Message | None) -> None:
        job = self._workload.jobs.get(job_id)
        if job is None or job.uid != uid or job.phase is not Phase.ENDING:
            return  # it ended with its partition, which everybody was told
        if answer is not None and is_down(answer):
            self._workload = ended(self._workload, job_id)
            self._settle(job_id, down=True)
        else:
            self._unsure(job_id, job.partition)

    def _unsure(self, job_id: str, partition: str) -> None:
        log.warning("partition did not answer", extra={"job_id": job_id, "partition": partition})
        self._workload = unsure(self._workload, job_id)
        for request in self._parked.pop(job_id, []):
            request.answer(no_answer(partition))
        self._surveyor.survey()

    def _settle(self, job_id: str, failure: ErrorReply | None = None, *, down: bool = False) -> None:
        """Everybody who waits for the start or the end of a job: answered by it, or decided anew."""
        for request in self._parked.pop(job_id, []):
            match request.message:
                case StartJob() if failure is not None:
                    request.answer(failure)
                case EndJob(reason=reason) if down:
                    request.answer(JobEnded(job_id=job_id, reason=reason))
                case _:
                    self._handle(request)

    # The running jobs.

    def _survey_begins(self) -> None:
        self._workload = begin(self._workload)

    def _surveyed(self, findings: Mapping[str, Finding] | None) -> None:
        if findings is not None:
            self._workload, conclusion = conclude(self._workload, findings)
            for job_id in conclusion.lost:
                self._settle(job_id, ErrorReply.of(SystemUnavailableError("the partition of the call has ended: try again")))
            for stray in conclusion.strays:
                log.error("stopping a second life of a job", extra={"uid": stray.uid})
                self.context.send(stray.to, TerminateChild(child_id="", uid=stray.uid))
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            if self._workload.known or self.context.clock.monotonic() - request.since_s < WAIT_S:
                self._handle(request)
            else:
                request.answer(ErrorReply.of(SystemUnavailableError("the running calls are not known yet: try again in a moment")))

    def _held(self) -> int:
        return len(self._waiting) + sum(map(len, self._parked.values()))

    def _figures(self) -> dict[str, Any]:
        workload = self._workload
        return {
            "jobs": len(workload.jobs),
            "max_jobs": workload.max_jobs,
            "accepted": workload.accepted,
            "refused": workload.refused,
            "partitions": len(workload.partitions),
            "known": workload.known,
            "held": self._held(),
            "draining": False,
        }
