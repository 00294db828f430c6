"""The calls of this node: has partitions start and stop them, and starts those again whose processes are gone.

How it works. What is decided (`workload`, `returning`) is performed here: a question to a partition or to the journals, whose answer is the
next input. What is known has three sources, and none is taken for another:

- *The partitions* know which jobs run. They are asked in a reconciliation: at the beginning of each incarnation, whenever a name changes in
  the registry, and every 30 s for the message that got lost. Between two of them the answers to its own requests are believed.
- *The journals* know which calls should run. They are read once in each incarnation, after its first reconciliation: what is open there and
  runs nowhere is started again. No request is answered before both are known.
- *The news* of ends (`Ends`) say why a job is gone. They take another way than the reconciliation that finds it gone, and may come up to
  `NEWS_S` later; so a job is judged when they are whole, or when that time is over (`returning.gone`).

A call whose partition may have begun it or not (no answer came) is `UNSURE`: it keeps its place, and a reconciliation that began later
says. So no call is ever started while another process of it may live; should two live all the same, the journal lets one of them write
(G3).

A call of a program waits, `RETURNING`, until a generation of it can take it (`fork_parents`): the one that it was forked from before, as
long as that lives, else the one that is of the code of now.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from actors.worker_manager.arguments import WorkerManagerArguments
from actors.worker_manager.call_journals import CallJournals
from actors.worker_manager.fork_parents import ForkParents
from actors.worker_manager.generations import program_in, source_of
from actors.worker_manager.job_spec import job_name, job_spec
from actors.worker_manager.outcomes import is_down, is_refusal, no_answer, start_failure
from actors.worker_manager.reconciler import Reconciler
from actors.worker_manager.reconciliation import Observation, add_journaled, begin, concerned, conclude, is_news
from actors.worker_manager.requests import Requests
from actors.worker_manager.returning import (
    FAILED,
    Call,
    Ends,
    JournaledCall,
    Over,
    Return,
    Verdict,
    gone,
    heard,
    is_explained,
    job_of,
    not_up,
)
from actors.worker_manager.workload import (
    Decision,
    Job,
    Phase,
    Question,
    Start,
    Stop,
    Workload,
    conclude_call,
    decide,
    due,
    ended,
    not_started,
    place,
    place_in,
    returning,
    started,
    unsure,
    with_generation,
    without_partition,
)
from protocols import ChildResult, ErrorReply, LivekitexError, Message, NameChanged, Ref, StartChild, StartJob, TerminateChild, WatchNames
from supervision import Context, RestartIntensity

log = logging.getLogger("livekitex.worker_manager")

START_TIMEOUT_S: Final = 35.0
"""How long a partition may take to say whether a job is up: more than `job_spec.START_TIMEOUT_MS`."""

END_TIMEOUT_S: Final = 30.0
"""How long a partition may take to bring a job down."""

NEWS_S: Final = 1.0
"""How much later than a job's end the news of it may come, which say why; they take another way than reconciliations."""

WATCHED: Final = ("jobs", "partition/", "job/", "job_context/", "agent_session/")


class Calls:
    """Those that run, are to run, or ran. ``workload`` is what is known of them; ``requests`` are told when that answers one of them."""

    def __init__(self, context: Context, arguments: WorkerManagerArguments, journals: CallJournals, requests: Requests) -> None:
        self._context = context
        self._arguments = arguments
        self._journals = journals
        self._requests = requests
        self._budget = RestartIntensity(max_restarts=arguments.max_restarts, max_seconds=arguments.max_seconds)
        self._ends: dict[str, Ends] = {}
        self._unexplained: dict[str, Job] = {}
        self._looking = False
        self._reconciler = Reconciler(context, self._reconciliation_begins, self._reconciled)
        self._fork_parents = ForkParents(
            context, arguments, lambda: self.workload, up=self._generation_up, take=self._take_waiting, refuse=self._refuse_waiting
        )
        self.workload = Workload(max_jobs=arguments.max_jobs, forks_programs="generation" in arguments.actors)

    # Requests.

    def decide(self, question: Question) -> Decision:
        """What to do with a request; what it takes is noted, and nothing of it done yet."""
        self.workload, decision = decide(self.workload, question)
        return decision

    def drain(self) -> None:
        """Take no new call from now on."""
        self.workload = replace(self.workload, draining=True)

    def start(self, start: Start) -> None:
        """Have its partition start a job, and believe what that answers."""
        job_id, to = start.job.job_id, start.to
        try:
            spec = job_spec(start.job, self._arguments).to_wire()
            self._context.ask(to, StartChild(spec=spec), timeout_s=START_TIMEOUT_S, then=partial(self._start_answered, job_id, to))
        except LivekitexError as failure:  # the agent is too large, or cannot travel
            self._not_started(self.workload.jobs[job_id], ErrorReply.of(failure), f"error:{failure}")

    def _start_answered(self, job_id: str, to: Ref, answer: Message | None) -> None:
        job = self.workload.jobs.get(job_id)
        if job is None or job.to != to or job.phase is not Phase.STARTING:
            return  # its partition is gone, and it is starting elsewhere or over
        match answer:
            case ChildResult(result="ok", ref=Ref() as ref):
                self.workload = started(self.workload, job_id, ref.uid, self._context.clock.wall())
                self._ends.pop(job_id, None)
                self._requests.settle(job_id)
            case ChildResult(result=result):
                self._not_started(job, start_failure(result), result)
            case _:
                self._unsure(job_id, job.partition)

    def _not_started(self, job: Job, failure: ErrorReply, result: str) -> None:
        level = logging.INFO if is_refusal(failure) else logging.WARNING  # whoever asked is told why
        log.log(level, "job did not start", extra={"job_id": job.job_id, "partition": job.partition, "result": result})
        if not job.call.last_end:
            self.workload = not_started(self.workload, job.job_id)
            self._journals.disown(job.job_id)
            self._requests.settle(job.job_id, failure)
            self._requests.answer_drains(self.workload)
        else:
            self._decide(job.job_id, *not_up(job.call, result, self._budget, self._context.clock.monotonic()))

    def stop(self, job_id: str, stop: Stop) -> None:
        """Have its partition stop a job, and believe what that answers."""
        message = TerminateChild(child_id=job_name(job_id), uid=stop.uid)
        self._context.ask(stop.to, message, timeout_s=END_TIMEOUT_S, then=partial(self._stop_answered, job_id, stop.uid))

    def _stop_answered(self, job_id: str, uid: str, answer: Message | None) -> None:
        job = self.workload.jobs.get(job_id)
        if job is None or job.uid != uid or job.phase is not Phase.ENDING:
            return  # it ended with its partition, which everybody was told
        if answer is not None and is_down(answer):
            self.workload = ended(self.workload, job_id)
            self.finish(job_id)
            self._requests.settle(job_id, down=True)
        else:
            self._unsure(job_id, job.partition)

    def _unsure(self, job_id: str, partition: str) -> None:
        log.warning("partition did not answer", extra={"job_id": job_id, "partition": partition})
        self.workload = unsure(self.workload, job_id)
        self._requests.give_up(job_id, no_answer(partition))
        self._reconciler.reconcile()

    def finish(self, job_id: str) -> None:
        """Of a call that is over, keep only the outcome: release its journal if that cannot know it, and answer drains after the last."""
        over = self.workload.over[job_id]
        level = logging.ERROR if over.state == FAILED else logging.INFO
        log.log(level, "call over", extra={"job_id": job_id, "state": over.state, "reason": over.reason})
        self._ends.pop(job_id, None)
        self._unexplained.pop(job_id, None)
        if over.release:
            self._journals.release(job_id, over.reason)
        self._fork_parents.end_idle()
        self._requests.answer_drains(self.workload)

    # The running jobs.

    def watch(self) -> None:
        """Have the registry tell of the names that concern calls, and look at the partitions."""
        if self._context.registry is not None:
            for prefix in WATCHED:
                self._context.send(self._context.registry, WatchNames(prefix=prefix))
        self._reconciler.reconcile()

    def hear(self, change: NameChanged) -> None:
        """A watched name has changed: note why a job ended, and look at the partitions if it tells of something that is not known."""
        if change.ref is None:
            for job_id in concerned(self.workload, change.name):
                self._ends[job_id] = heard(self._ends.get(job_id, Ends()), change.name, change.reason, final=change.final)
                if self._ends[job_id].whole:
                    self._explained(job_id)
        elif change.name.startswith("job/"):
            self._ends.pop(change.name.removeprefix("job/"), None)
        if change.ref is None and program_in(change.name):
            self._fork_parents.gone(change.name)
        elif change.ref is None and change.name == "jobs":
            self._fork_parents.all_gone()
        if is_news(self.workload, change):
            self.workload = without_partition(self.workload, change.name)
            self._reconciler.reconcile(anew=not change.name.startswith("job/"))

    def _reconciliation_begins(self) -> None:
        self.workload = begin(self.workload)

    def _reconciled(self, observations: Mapping[str, Observation] | None) -> None:
        if observations is not None:
            self.workload, conclusion = conclude(self.workload, observations)
            for duplicate in conclusion.duplicates:
                log.error("stopping a second incarnation of a job", extra={"uid": duplicate.uid})
                self._context.send(duplicate.to, TerminateChild(child_id="", uid=duplicate.uid))
            for job_id, with_partition in conclusion.gone.items():
                self._gone(job_id, with_partition=with_partition)
            self.start_due()
            self._fork_parents.end_idle()
        if self.workload.reconciled and not self._looking:
            self._looking = True
            self._journals.open_calls(self._journals_read)
        self._serve()

    def _serve(self) -> None:
        self._requests.serve(known=self.workload.known, now=self._context.clock.monotonic())
        self._requests.answer_drains(self.workload)

    # Calls without processes.

    def _journals_read(self, found: tuple[JournaledCall, ...] | None) -> None:
        """The open calls of the journals: those that nobody runs are started again. A disk that did not answer is asked again."""
        self._looking = found is not None
        self.workload, missing = add_journaled(self.workload, found or ())
        for job_id in missing:
            job = self.workload.jobs[job_id]
            now = self._context.clock.monotonic()
            self._decide(job_id, *gone(job.call, Ends(), None, self._budget, now, with_partition=True, awaited=False, journaled=True))
        self._serve()

    def _gone(self, job_id: str, *, with_partition: bool) -> None:
        self._requests.settle(job_id)
        job = self.workload.jobs.get(job_id)
        if job is None:
            return
        if is_explained(job.call, self._ends.get(job_id, Ends()), with_partition=with_partition):
            self._journals.read(job_id, partial(self._judge, job, with_partition))
        else:
            self._unexplained[job_id] = job
            self._context.after(NEWS_S, partial(self._explained, job_id, job))

    def _explained(self, job_id: str, only: Job | None = None) -> None:
        """It is known why a job is gone, or nobody will say (of ``only`` that one)."""
        job = self._unexplained.get(job_id)
        if job is not None and only in (None, job):
            del self._unexplained[job_id]
            self._journals.read(job_id, partial(self._judge, job, False))

    def _judge(self, job: Job, with_partition: bool, found: JournaledCall | None) -> None:  # noqa: FBT001 - bound by partial
        if self.workload.jobs.get(job.job_id) != job:
            return  # it was ended, or found, meanwhile
        ends, now = self._ends.pop(job.job_id, Ends()), self._context.clock.monotonic()
        awaited, journaled = self._requests.awaits(job.job_id), self._arguments.journal_dir is not None
        verdict = gone(job.call, ends, found, self._budget, now, with_partition=with_partition, awaited=awaited, journaled=journaled)
        self._decide(job.job_id, *verdict)

    def _decide(self, job_id: str, call: Call, verdict: Verdict) -> None:
        match verdict:
            case Return(pause_s=pause_s):
                log.warning("call returns", extra={"job_id": job_id, "reason": call.last_end, "farewell_reason": call.farewell_reason})
                self.workload = returning(self.workload, job_id, call, self._context.clock.monotonic() + pause_s)
                if pause_s:
                    self._context.after(pause_s, self.start_due)
                else:
                    self.start_due()
            case Over():
                self.workload = conclude_call(self.workload, job_id, verdict)
                self.finish(job_id)
                self._requests.settle(job_id)

    def start_due(self) -> None:
        """Start whatever is due, of a program in its generation; what no partition can take the next reconciliation brings here."""
        for job_id in due(self.workload, self._context.clock.monotonic()):
            job = self._waiting(job_id)
            if job is not None:
                self.workload, to = place(self.workload, job_id)
                source = source_of(job)
                if to is not None:
                    self.start(Start(job, to))
                elif source is not None and (program := self.workload.program_of(job_id)):
                    self._fork_parents.want(program, source)

    def _waiting(self, job_id: str) -> StartJob | None:
        """What a job that waits for its start is started with; None: it does not wait any more, or nobody remembers."""
        known = self.workload.jobs.get(job_id)
        return job_of(known.call) if known is not None and known.phase is Phase.RETURNING else None

    # Programs.

    def _generation_up(self, generation: str, to: Ref) -> None:
        self.workload = with_generation(self.workload, generation, to)

    def _take_waiting(self, generation: str) -> None:
        """Have a generation start what is due of its program."""
        for job_id in self._due_of(program_in(generation)):
            job = self._waiting(job_id)
            if job is not None:
                self.workload, to = place_in(self.workload, job_id, generation)
                if to is not None:
                    self.start(Start(job, to))

    def _refuse_waiting(self, program: str, result: str) -> None:
        for job_id in self._due_of(program):
            if self._waiting(job_id) is not None:
                self._not_started(self.workload.jobs[job_id], start_failure(result), result)

    def _due_of(self, program: str) -> tuple[str, ...]:
        found = due(self.workload, self._context.clock.monotonic())
        return tuple(job_id for job_id in found if job_id in self.workload.jobs and self.workload.program_of(job_id) == program)
