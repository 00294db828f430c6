"""The requests that wait: for the calls to be known, for one job to be up or down, or for all calls to be over (drains)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from actors.worker_manager.job_spec import require_job_id
from actors.worker_manager.workload import Question, Workload
from protocols import (
    Drained,
    EndJob,
    ErrorReply,
    GetWorkerStatus,
    JobEnded,
    LivekitexError,
    Message,
    StartJob,
    SystemUnavailableError,
    UsageError,
)

WAIT_S: Final = 10.0
"""How long a request waits for the calls to be known; then it is refused."""

MAX_HELD: Final = 1_000
"""Requests that are under way or wait, and drains; a further one is told to come again. That is no `CapacityError`: an incarnation before
this one may have begun what it asks for."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, who is to be answered, and when it came (monotonic seconds)."""

    message: Question
    answer: Callable[[Message], None]
    since_s: float

    @property
    def job_id(self) -> str:
        """The job that it is about; empty where it is about all."""
        return "" if isinstance(self.message, GetWorkerStatus) else self.message.job_id

    def refuse(self, failure: LivekitexError) -> None:
        """Answer it with an error."""
        self.answer(ErrorReply.of(failure))


class Requests:
    """Those who wait for an answer of this incarnation. ``handle`` takes a request that is new, or is to be decided anew."""

    def __init__(self, handle: Callable[[Request], None]) -> None:
        self._handle = handle
        self._waiting: list[Request] = []
        self._parked: dict[str, list[Request]] = {}
        self._drains: list[Callable[[Message], None]] = []

    @property
    def held(self) -> int:
        """How many are under way or wait; drains are not counted."""
        return len(self._waiting) + sum(map(len, self._parked.values()))

    def accept(self, request: Request) -> None:
        """Have a new request handled. Refused are those beyond `MAX_HELD`, and those about what cannot be a job."""
        if self.held >= MAX_HELD:
            request.refuse(SystemUnavailableError(f"{MAX_HELD} requests are under way: try again in a moment"))
            return
        try:
            if not isinstance(request.message, GetWorkerStatus):
                require_job_id(request.job_id)
        except UsageError as failure:
            request.refuse(failure)
        else:
            self._handle(request)

    def wait(self, request: Request) -> None:
        """Keep a request until the calls are known (see `serve`)."""
        self._waiting.append(request)

    def serve(self, *, known: bool, now: float) -> None:
        """Decide anew what waits; while the calls are not ``known``, what has waited for `WAIT_S` seconds is refused."""
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            if known or now - request.since_s < WAIT_S:
                self._handle(request)
            else:
                request.refuse(SystemUnavailableError("the running calls are not known yet: try again in a moment"))

    def park(self, request: Request) -> None:
        """Keep a request until its job is settled."""
        self._parked.setdefault(request.job_id, []).append(request)

    def awaits(self, job_id: str) -> bool:
        """Whether a request is parked for that job."""
        return job_id in self._parked

    def settle(self, job_id: str, failure: ErrorReply | None = None, *, down: bool = False) -> None:
        """A job did not start (``failure``), is ``down`` as was asked, or has changed otherwise; the rest is decided anew."""
        for request in self._parked.pop(job_id, []):
            match request.message:
                case StartJob() if failure is not None:
                    request.answer(failure)
                case EndJob(reason=reason) if down:
                    request.answer(JobEnded(job_id=job_id, reason=reason))
                case _:
                    self._handle(request)

    def give_up(self, job_id: str, failure: ErrorReply) -> None:
        """It is not known what became of a job: answer all requests that are parked for it with ``failure``."""
        for request in self._parked.pop(job_id, []):
            request.answer(failure)

    def drain(self, answer: Callable[[Message], None]) -> bool:
        """Keep a drain until the last call is over; False: too many wait, and it is refused."""
        if len(self._drains) >= MAX_HELD:
            answer(ErrorReply.of(SystemUnavailableError(f"{MAX_HELD} wait for the end of the calls already: try again in a moment")))
            return False
        self._drains.append(answer)
        return True

    def answer_drains(self, workload: Workload, *, late: bool = False) -> None:
        """Answer the drains if the last call is over, or if their time is (``late``)."""
        left = len(workload.jobs)
        if late or (workload.known and not left):
            drains, self._drains = self._drains, []
            for answer in drains:
                answer(Drained(jobs=left))

    def close(self) -> None:
        """This incarnation ends: tell everybody that no answer comes from it."""
        reply = ErrorReply.of(SystemUnavailableError("the worker manager restarts: ask again, which does nothing twice"))
        parked = (request for requests in self._parked.values() for request in requests)
        for answer in (*(request.answer for request in (*self._waiting, *parked)), *self._drains):
            answer(reply)
