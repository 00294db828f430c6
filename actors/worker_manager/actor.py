"""The WorkerManager actor: it asks the workload what to do, and the partitions and the journals to do it.

How it works. A request (start, end, ask for a call) is decided by a function of `workload` on what is known now, and its decision is
performed here: a question to a partition, whose answer is the next input. What is known has three sources, and none is taken for another:

- *The partitions* know which jobs run. They are asked in a reconciliation: at the beginning of each incarnation, whenever a name changes in
  the registry, and every 30 s for the message that got lost. Between two of them the answers to its own requests are believed.
- *The journals* know which calls should run. They are read once in each incarnation, after its first reconciliation: what is open there and
  runs nowhere is started again. No request is answered before both are known.
- *The news* of ends (`Ends`) say why a job is gone. They take another way than the reconciliation that finds it gone, and may come up to
  `NEWS_S` later; so a job is judged when they are whole, or when that time is over (`returning.gone`).

A call whose partition may have begun it or not (no answer came) is `UNSURE`: it keeps its place, and a reconciliation that began later
says. So no call is ever started while another process of it may live; should two live all the same, the journal lets one of them write
(G3).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from actors.worker_manager.arguments import WorkerManagerArguments
from actors.worker_manager.call_journals import CallJournals, Journals, NoJournals
from actors.worker_manager.job_spec import job_name, job_spec, require_job_id
from actors.worker_manager.outcomes import is_down, is_refusal, no_answer, start_failure, state_of
from actors.worker_manager.reconciler import Reconciler
from actors.worker_manager.reconciliation import Observation, add_journaled, begin, concerned, conclude, is_news
from actors.worker_manager.returning import FAILED, Call, Ends, JournaledCall, Over, Return, Verdict, gone, heard, job_of, not_up
from actors.worker_manager.workload import (
    Answer,
    Decision,
    Job,
    Phase,
    Recall,
    Release,
    Start,
    Stop,
    Wait,
    Workload,
    ask,
    conclude_call,
    due,
    end,
    ended,
    not_started,
    place,
    returning,
    start,
    started,
    unsure,
    without_partition,
)
from protocols import (
    ChildResult,
    Drain,
    Drained,
    EndJob,
    ErrorReply,
    ExitReason,
    Figures,
    GetFigures,
    GetJob,
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
from supervision import Actor, Cancel, RestartIntensity

log = logging.getLogger("livekitex.worker_manager")

START_TIMEOUT_S: Final = 35.0
"""How long a partition may take to say whether a job is up: more than `job_spec.START_TIMEOUT_MS`."""

END_TIMEOUT_S: Final = 30.0
"""How long a partition may take to bring a job down."""

WAIT_S: Final = 10.0
"""How long a request waits for the calls to be known; then it is refused."""

MAX_HELD: Final = 1_000
"""Requests that are under way or wait; a further one is told to come again. That is no `CapacityError`: an incarnation before this one may
have begun what it asks for."""

NEWS_S: Final = 1.0
"""How much later than a job's end the news of it may come, which say why; they take another way than reconciliations."""

AGAIN_S: Final = 0.2
"""Before the next attempt to start a call again whose partition was about to end."""

SWEEP_EVERY_S: Final = 60.0
"""Between two looks for journals that nobody needs any more."""

WATCHED: Final = ("jobs", "partition/", "job/", "job_context/", "agent_session/")


@dataclass(frozen=True, slots=True)
class _Request:
    message: StartJob | EndJob | GetJob | GetWorkerStatus
    answer: Callable[[Message], None]
    since_s: float


class WorkerManager(Actor):
    """Takes calls for this node, places them, and brings back those that lose their processes.

    Arguments: the fields of `WorkerManagerArguments`.

    Calls do not depend on it: when it ends they go on, and its next incarnation asks the partitions which there are, and the journals which
    there should be, before it takes new ones.
    """

    trap_exit = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Begin to look for the running jobs; up before they are known.

        Raises:
            ConfigurationError: arguments that are no `WorkerManagerArguments`.
        """
        self._arguments = WorkerManagerArguments.from_args(args)
        self._budget = RestartIntensity(max_restarts=self._arguments.max_restarts, max_seconds=self._arguments.max_seconds)
        self._workload = Workload(max_jobs=self._arguments.max_jobs)
        self._ends: dict[str, Ends] = {}
        self._unexplained: dict[str, Job] = {}
        self._waiting: list[_Request] = []
        self._parked: dict[str, list[_Request]] = {}
        self._drains: list[Callable[[Message], None]] = []
        self._cancel_drain: Cancel = lambda: None
        self._looking = False
        self._journals = self.open_journals(self._arguments)
        self._reconciler = Reconciler(self.context, self._reconciliation_begins, self._reconciled)
        self.on_registry_changed()
        self._sweep()

    def open_journals(self, arguments: WorkerManagerArguments) -> CallJournals:
        """The journals of this node's calls; a simulation gives others."""
        if arguments.journal_dir is None:
            return NoJournals()
        return Journals(self.context, Path(arguments.journal_dir), arguments.run_id)

    def on_registry_changed(self) -> None:
        """Watch there, and look again."""
        if self.context.registry is not None:
            for prefix in WATCHED:
                self.context.send(self.context.registry, WatchNames(prefix=prefix))
        self._reconciler.reconcile()

    def on_message(self, message: Message) -> None:
        """Serve the messages about jobs; others are dropped."""
        match message:
            case StartJob() | EndJob() | GetJob() | GetWorkerStatus():
                self._accept(_Request(message, self.context.replier(), self.context.clock.monotonic()))
            case Drain(timeout_ms=timeout_ms):
                self._drain(timeout_ms / 1000)
            case NameChanged():
                self._hear(message)
            case GetFigures():
                self.context.reply(Figures(role="worker_manager", figures=self._figures()))
            case _:
                super().on_message(message)

    def terminate(self, reason: ExitReason) -> None:
        """Tell everybody who waits that the answer will not come from this incarnation."""
        del reason
        reply = ErrorReply.of(SystemUnavailableError("the worker manager restarts: ask again, which does nothing twice"))
        parked = (request for requests in self._parked.values() for request in requests)
        for answer in (*(request.answer for request in (*self._waiting, *parked)), *self._drains):
            answer(reply)
        self._journals.sweep()  # the calls ended before: of one that was stopped before it could leave the journal is still there
        self._journals.close()

    # Requests.

    def _accept(self, request: _Request) -> None:
        if self._held() >= MAX_HELD:
            request.answer(ErrorReply.of(SystemUnavailableError(f"{MAX_HELD} requests are under way: try again in a moment")))
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
                self._workload, decision = start(self._workload, job)
                self._hold(request, job_id, decision)
                if isinstance(decision, Start):
                    self._start(job, decision.to)
            case EndJob(job_id=job_id, reason=reason):
                self._workload, decision = end(self._workload, job_id, reason)
                self._hold(request, job_id, decision)
                if isinstance(decision, Stop):
                    self._stop(job_id, decision)
            case GetJob(job_id=job_id):
                self._hold(request, job_id, ask(self._workload, job_id))
            case _:
                self._hold(request, "", Answer(self._workload.to_status()) if self._workload.known else Wait())

    def _hold(self, request: _Request, job_id: str, decision: Decision) -> None:
        match decision:
            case Answer(message=message):
                request.answer(message)
            case Wait():
                self._waiting.append(request)
            case Recall():
                self._journals.read(job_id, partial(self._recalled, request, job_id))
            case Release(message=message):
                self._over(job_id, self._workload.over[job_id])
                request.answer(message)
            case _:  # whoever starts or stops a job waits like those who only hear of it
                self._parked.setdefault(job_id, []).append(request)

    def _recalled(self, request: _Request, job_id: str, found: JournaledCall | None) -> None:
        if job_id in self._workload.jobs:
            self._handle(request)  # it was begun meanwhile
        else:
            request.answer(state_of(job_id, found))

    def _start(self, job: StartJob, to: Ref) -> None:
        try:
            spec = job_spec(job, self._arguments).to_wire()
            self.context.ask(to, StartChild(spec=spec), timeout_s=START_TIMEOUT_S, then=partial(self._start_answered, job.job_id, to))
        except LivekitexError as failure:  # the agent is too large, or cannot travel
            self._not_started(self._workload.jobs[job.job_id], ErrorReply.of(failure), f"error:{failure}")

    def _start_answered(self, job_id: str, to: Ref, answer: Message | None) -> None:
        job = self._workload.jobs.get(job_id)
        if job is None or job.to != to or job.phase is not Phase.STARTING:
            return  # its partition is gone, and it is starting elsewhere or over
        match answer:
            case ChildResult(result="ok", ref=Ref() as ref):
                self._workload = started(self._workload, job_id, ref.uid, self.context.clock.wall())
                self._ends.pop(job_id, None)
                self._settle(job_id)
            case ChildResult(result=result):
                self._not_started(job, start_failure(result), result)
            case _:
                self._unsure(job_id, job.partition)

    def _not_started(self, job: Job, failure: ErrorReply, result: str) -> None:
        level = logging.INFO if is_refusal(failure) else logging.WARNING  # whoever asked is told why
        log.log(level, "job did not start", extra={"job_id": job.job_id, "partition": job.partition, "result": result})
        if not job.call.last_end:
            self._workload = not_started(self._workload, job.job_id)
            self._journals.disown(job.job_id)
            self._settle(job.job_id, failure)
            self._answer_drains()
        elif result.startswith("error:"):
            self._decide(job.job_id, *not_up(job.call, result, self._budget, self.context.clock.monotonic()))
        else:  # the partition ends
            self._decide(job.job_id, job.call, Return(AGAIN_S))

    def _stop(self, job_id: str, stop: Stop) -> None:
        message = TerminateChild(child_id=job_name(job_id), uid=stop.uid)
        self.context.ask(stop.to, message, timeout_s=END_TIMEOUT_S, then=partial(self._stop_answered, job_id, stop.uid))

    def _stop_answered(self, job_id: str, uid: str, answer: Message | None) -> None:
        job = self._workload.jobs.get(job_id)
        if job is None or job.uid != uid or job.phase is not Phase.ENDING:
            return  # it ended with its partition, which everybody was told
        if answer is not None and is_down(answer):
            self._workload = ended(self._workload, job_id)
            self._over(job_id, self._workload.over[job_id])
            self._settle(job_id, down=True)
        else:
            self._unsure(job_id, job.partition)

    def _unsure(self, job_id: str, partition: str) -> None:
        log.warning("partition did not answer", extra={"job_id": job_id, "partition": partition})
        self._workload = unsure(self._workload, job_id)
        for request in self._parked.pop(job_id, []):
            request.answer(no_answer(partition))
        self._reconciler.reconcile()

    def _settle(self, job_id: str, failure: ErrorReply | None = None, *, down: bool = False) -> None:
        """Everybody who waits for a job: answered by its start or its end, or decided anew."""
        for request in self._parked.pop(job_id, []):
            match request.message:
                case StartJob() if failure is not None:
                    request.answer(failure)
                case EndJob(reason=reason) if down:
                    request.answer(JobEnded(job_id=job_id, reason=reason))
                case _:
                    self._handle(request)

    # The running jobs.

    def _hear(self, change: NameChanged) -> None:
        if change.ref is None:
            for job_id in concerned(self._workload, change.name):
                self._ends[job_id] = heard(self._ends.get(job_id, Ends()), change.name, change.reason, final=change.final)
                if self._ends[job_id].whole:
                    self._explained(job_id)
        elif change.name.startswith("job/"):
            self._ends.pop(change.name.removeprefix("job/"), None)
        if is_news(self._workload, change):
            self._workload = without_partition(self._workload, change.name)
            self._reconciler.reconcile(anew=not change.name.startswith("job/"))

    def _reconciliation_begins(self) -> None:
        self._workload = begin(self._workload)

    def _reconciled(self, observations: Mapping[str, Observation] | None) -> None:
        if observations is not None:
            self._workload, conclusion = conclude(self._workload, observations)
            for duplicate in conclusion.duplicates:
                log.error("stopping a second incarnation of a job", extra={"uid": duplicate.uid})
                self.context.send(duplicate.to, TerminateChild(child_id="", uid=duplicate.uid))
            for job_id, with_partition in conclusion.gone.items():
                self._gone(job_id, with_partition=with_partition)
            self._return_due()
        if self._workload.reconciled and not self._looking:
            self._looking = True
            self._journals.open_calls(self._journals_read)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            if self._workload.known or self.context.clock.monotonic() - request.since_s < WAIT_S:
                self._handle(request)
            else:
                request.answer(ErrorReply.of(SystemUnavailableError("the running calls are not known yet: try again in a moment")))
        self._answer_drains()

    # Calls without processes.

    def _journals_read(self, found: tuple[JournaledCall, ...] | None) -> None:
        """The open calls of the journals: those that nobody runs are started again. A disk that did not answer is asked again."""
        self._looking = found is not None
        self._workload, missing = add_journaled(self._workload, found or ())
        for job_id in missing:
            job = self._workload.jobs[job_id]
            now = self.context.clock.monotonic()
            self._decide(job_id, *gone(job.call, Ends(), None, self._budget, now, with_partition=True, journaled=True))
        self._serve_waiting()

    def _gone(self, job_id: str, *, with_partition: bool) -> None:
        self._settle(job_id)
        job = self._workload.jobs.get(job_id)
        if job is None:
            return
        if with_partition or job.call.ending or not job.call.was_up or self._ends.get(job_id, Ends()).whole:
            self._journals.read(job_id, partial(self._judge, job, with_partition))
        else:
            self._unexplained[job_id] = job
            self.context.after(NEWS_S, partial(self._explained, job_id, job))

    def _explained(self, job_id: str, only: Job | None = None) -> None:
        """It is known why a job is gone, or nobody will say (of ``only`` that one)."""
        job = self._unexplained.get(job_id)
        if job is not None and only in (None, job):
            del self._unexplained[job_id]
            self._journals.read(job_id, partial(self._judge, job, False))

    def _judge(self, job: Job, with_partition: bool, found: JournaledCall | None) -> None:  # noqa: FBT001 - bound by partial
        if self._workload.jobs.get(job.job_id) != job:
            return  # it was ended, or found, meanwhile
        if not (job.call.was_up or job.call.last_end or job.job_id in self._parked):
            self._decide(job.job_id, job.call, Over("ended", "nobody waited for its start any more", release=True))
            return
        ends, now = self._ends.pop(job.job_id, Ends()), self.context.clock.monotonic()
        journaled = self._arguments.journal_dir is not None
        verdict = gone(job.call, ends, found, self._budget, now, with_partition=with_partition, journaled=journaled)
        self._decide(job.job_id, *verdict)

    def _decide(self, job_id: str, call: Call, verdict: Verdict) -> None:
        match verdict:
            case Return(pause_s=pause_s):
                log.warning("call returns", extra={"job_id": job_id, "reason": call.last_end, "farewell_reason": call.farewell_reason})
                self._workload = returning(self._workload, job_id, call, self.context.clock.monotonic() + pause_s)
                if pause_s:
                    self.context.after(pause_s, self._return_due)
                else:
                    self._return_due()
            case Over():
                self._workload = conclude_call(self._workload, job_id, verdict)
                self._over(job_id, verdict)
                self._settle(job_id)

    def _return_due(self) -> None:
        """Start again whatever is due; where no partition can take it, the next reconciliation brings it here."""
        for job_id in due(self._workload, self.context.clock.monotonic()):
            known = self._workload.jobs.get(job_id)
            job = job_of(known.call) if known is not None and known.phase is Phase.RETURNING else None
            if job is not None:
                self._workload, to = place(self._workload, job_id)
                if to is not None:
                    self._start(job, to)

    def _over(self, job_id: str, over: Over) -> None:
        """What is left to do for a call that is over."""
        level = logging.ERROR if over.state == FAILED else logging.INFO
        log.log(level, "call over", extra={"job_id": job_id, "state": over.state, "reason": over.reason})
        self._ends.pop(job_id, None)
        self._unexplained.pop(job_id, None)
        if over.release:
            self._journals.release(job_id, over.reason)
        self._answer_drains()

    # Draining.

    def _drain(self, timeout_s: float) -> None:
        if len(self._drains) >= MAX_HELD:
            text = f"{MAX_HELD} wait for the end of the calls already: try again in a moment"
            self.context.reply(ErrorReply.of(SystemUnavailableError(text)))
            return
        self._workload = replace(self._workload, draining=True)
        self._drains.append(self.context.replier())
        self._cancel_drain()
        self._cancel_drain = self.context.after(timeout_s, partial(self._answer_drains, late=True))
        self._answer_drains()

    def _answer_drains(self, *, late: bool = False) -> None:
        left = len(self._workload.jobs)
        if late or (self._workload.known and not left):
            drains, self._drains = self._drains, []
            for answer in drains:
                answer(Drained(jobs=left))

    def _sweep(self) -> None:
        self._journals.sweep()
        self.context.after(SWEEP_EVERY_S, self._sweep)

    def _held(self) -> int:
        return len(self._waiting) + sum(map(len, self._parked.values()))

    def _figures(self) -> dict[str, Any]:
        workload = self._workload
        return {
            "jobs": len(workload.jobs),
            "max_jobs": workload.max_jobs,
            "accepted": workload.accepted,
            "refused": workload.refused,
            "returned": workload.returned,
            "returning": sum(not job.placed or job.returning for job in workload.jobs.values()),
            "failed": workload.failed,
            "partitions": len(workload.partitions),
            "known": workload.known,
            "held": self._held(),
            "draining": workload.draining,
        }
