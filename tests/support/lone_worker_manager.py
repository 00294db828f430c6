"""A WorkerManager alone: its partitions, its registry and its journals answer when and what the test says."""

from collections.abc import Callable
from typing import Any

from actors.worker_manager import WorkerManager
from actors.worker_manager.arguments import WorkerManagerArguments
from actors.worker_manager.call_journals import CallJournals
from actors.worker_manager.returning import JournaledCall
from protocols import (
    ChildInfo,
    Children,
    ErrorReply,
    Figures,
    GetFigures,
    Message,
    NameChanged,
    StartChild,
    StartJob,
)
from support import sim_tree
from support.fake_context import Ask, FakeContext, ref


def job(job_id: str, **agent: Any) -> StartJob:
    return StartJob(job_id=job_id, agent=agent, options={"room": "shop"})


def error(answer: Message) -> tuple[str, bool]:
    assert isinstance(answer, ErrorReply)
    return answer.error, answer.retryable


def started(**args: Any) -> tuple[FakeContext, WorkerManager]:
    context = FakeContext(registry=ref("registry"))
    actor = WorkerManager(context)
    actor.on_start({"actors": sim_tree.JOB_ACTORS, **args})
    return context, actor


def reconciled(context: FakeContext, *jobs: str) -> None:
    def info(actor_id: str) -> ChildInfo:
        return ChildInfo(id=actor_id, state="running", type="supervisor", title="", ref=ref(actor_id))

    [reconciliation] = context.take_asks()
    reconciliation.then(Children(children=(info("partition/0"),)))
    [reconciliation] = context.take_asks()
    reconciliation.then(Children(children=tuple(info(f"job/{job_id}") for job_id in jobs)))


def figures(context: FakeContext, actor: WorkerManager) -> dict[str, Any]:
    [reply] = context.deliver(actor, GetFigures())
    assert isinstance(reply, Figures)
    assert reply.role == "worker_manager"
    return dict(reply.figures)


class Journaled(WorkerManager):
    """Its journals are the test's."""

    def open_journals(self, arguments: WorkerManagerArguments) -> CallJournals:
        del arguments
        return Shelf.of(self.context)


class Shelf:
    """Journals that answer when the test says so."""

    def __init__(self) -> None:
        self.looks: list[Callable[[tuple[JournaledCall, ...] | None], None]] = []
        self.reads: list[tuple[str, Callable[[JournaledCall | None], None]]] = []
        self.released: list[tuple[str, str]] = []
        self.disowned: list[str] = []
        self.swept = 0
        self.closed = False

    @staticmethod
    def of(context: Any) -> "Shelf":
        shelf: Shelf = context.shelf
        return shelf

    def open_calls(self, then: Callable[[tuple[JournaledCall, ...] | None], None]) -> None:
        self.looks.append(then)

    def read(self, call_id: str, then: Callable[[JournaledCall | None], None]) -> None:
        self.reads.append((call_id, then))

    def release(self, call_id: str, outcome: str) -> None:
        self.released.append((call_id, outcome))

    def disown(self, call_id: str) -> None:
        self.disowned.append(call_id)

    def sweep(self) -> None:
        self.swept += 1

    def close(self) -> None:
        self.closed = True


def journaled() -> tuple[FakeContext, WorkerManager, Shelf]:
    context = FakeContext(registry=ref("registry"))
    context.shelf = Shelf()  # type: ignore[attr-defined]
    actor = Journaled(context)
    actor.on_start({"actors": sim_tree.JOB_ACTORS})
    return context, actor, context.shelf  # type: ignore[attr-defined]


def gone_in(context: FakeContext, actor: WorkerManager, job_id: str) -> None:
    """The job's supervisor is gone, and its partition says so."""
    context.deliver(actor, NameChanged(name=f"job/{job_id}", ref=None, reason="killed", final=True))
    reconciled(context)


def start_again(context: FakeContext, job_id: str) -> tuple[Ask, dict[str, Any]]:
    """The request to start a call again, and its session's options."""
    [ask] = context.take_asks()
    assert isinstance(ask.message, StartChild)
    assert ask.message.spec["id"] == f"job/{job_id}"
    return ask, ask.message.spec["args"]["children"][1]["args"]["options"]
