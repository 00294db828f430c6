"""The WorkerManager actor: takes requests about calls, and answers each when that is decided.

How it works. A request is decided by a pure function on what is known now (`workload.decide`). It is answered, or kept with those that wait
(`requests`) while its decision is performed (`calls`): whatever changes there answers them, or has them decided anew.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from actors.worker_manager.arguments import WorkerManagerArguments
from actors.worker_manager.call_journals import CallJournals, Journals, NoJournals
from actors.worker_manager.calls import Calls
from actors.worker_manager.outcomes import ended_before, state_of
from actors.worker_manager.requests import Request, Requests
from actors.worker_manager.returning import JournaledCall
from actors.worker_manager.workload import Answer, Park, Prepare, Recall, Release, Start, Stop, Wait
from protocols import Drain, EndJob, ExitReason, Figures, GetFigures, GetJob, GetWorkerStatus, Message, NameChanged, StartJob
from supervision import Actor, Cancel

SWEEP_EVERY_S: Final = 60.0
"""Between two looks for journals that nobody needs any more."""


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
        arguments = WorkerManagerArguments.from_args(args)
        self._requests = Requests(self._handle)
        self._journals = self.open_journals(arguments)
        self._calls = Calls(self.context, arguments, self._journals, self._requests)
        self._cancel_drain: Cancel = lambda: None
        self.on_registry_changed()
        self._sweep()

    def open_journals(self, arguments: WorkerManagerArguments) -> CallJournals:
        """The journals of this node's calls; a simulation gives others."""
        if arguments.journal_dir is None:
            return NoJournals()
        return Journals(self.context, Path(arguments.journal_dir), arguments.run_id)

    def on_registry_changed(self) -> None:
        """Watch there, and look again."""
        self._calls.watch()

    def on_message(self, message: Message) -> None:
        """Serve the messages about jobs; others are dropped."""
        match message:
            case StartJob() | EndJob() | GetJob() | GetWorkerStatus():
                self._requests.accept(Request(message, self.context.replier(), self.context.clock.monotonic()))
            case Drain(timeout_ms=timeout_ms):
                self._drain(timeout_ms / 1000)
            case NameChanged():
                self._calls.hear(message)
            case GetFigures():
                figures = {**self._calls.workload.to_figures(), "held": self._requests.held}
                self.context.reply(Figures(role="worker_manager", figures=figures))
            case _:
                super().on_message(message)

    def terminate(self, reason: ExitReason) -> None:
        """Tell everybody who waits that the answer will not come from this incarnation."""
        del reason
        self._requests.close()
        self._journals.sweep()  # the calls ended before: of one that was stopped before it could leave the journal is still there
        self._journals.close()

    def _handle(self, request: Request) -> None:
        decision = self._calls.decide(request.message)
        match decision:
            case Answer(message=message):
                request.answer(message)
            case Wait():
                self._requests.wait(request)
            case Park():
                self._requests.park(request)
            case Start():
                self._requests.park(request)  # whoever starts or stops a job waits like those who only hear of it
                self._calls.start(decision)
            case Prepare():
                self._requests.park(request)
                self._calls.start_due()
            case Stop():
                self._requests.park(request)
                self._calls.stop(request.job_id, decision)
            case Release(message=message):
                self._calls.finish(request.job_id)
                request.answer(message)
                self._requests.settle(request.job_id, ended_before())
            case Recall():
                self._journals.read(request.job_id, partial(self._recalled, request))

    def _recalled(self, request: Request, found: JournaledCall | None) -> None:
        if request.job_id in self._calls.workload.jobs:
            self._handle(request)  # it was begun meanwhile
        else:
            request.answer(state_of(request.job_id, found))

    def _drain(self, timeout_s: float) -> None:
        if self._requests.drain(self.context.replier()):
            self._calls.drain()
            self._cancel_drain()
            self._cancel_drain = self.context.after(timeout_s, lambda: self._requests.answer_drains(self._calls.workload, late=True))
            self._requests.answer_drains(self._calls.workload)

    def _sweep(self) -> None:
        self._journals.sweep()
        self.context.after(SWEEP_EVERY_S, self._sweep)
