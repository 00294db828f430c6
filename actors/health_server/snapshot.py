"""What was collected at one moment, and what that means. Pure. Nothing is made up for a part that did not answer: it is named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from protocols import (
    Breakers,
    ChildCounts,
    ChildInfo,
    CountChildren,
    Figures,
    GetBreakers,
    GetFigures,
    GetWorkerStatus,
    ListTools,
    Message,
    Tools,
    WorkerStatus,
)

PARTS: Final[Mapping[str, Message]] = {
    "registry": GetFigures(),
    "circuit_breakers": GetFigures(),
    "tool_registry": GetFigures(),
    "audio_processor": GetFigures(),
    "worker_manager": GetFigures(),
    "jobs": CountChildren(),
}
"""The parts of a healthy node by name, and what each is asked."""

DETAILS: Final[Mapping[str, tuple[str, Message]]] = {
    "breakers": ("circuit_breakers", GetBreakers()),
    "tools": ("tool_registry", ListTools()),
    "worker": ("worker_manager", GetWorkerStatus()),
}
"""What some of them are asked besides, for a full report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A process of the tree. ``children`` (in start order) is None where a supervisor did not answer."""

    id: str
    type: str
    state: str
    title: str = ""
    os_pid: int = 0
    children: tuple["Node", ...] | None = ()

    def walk(self) -> Iterator["Node"]:
        """This one and all below, parents first."""
        yield self
        for child in self.children or ():
            yield from child.walk()

    def to_json(self) -> dict[str, Any]:
        """As a document."""
        document: dict[str, Any] = {"id": self.id, "type": self.type, "state": self.state, "title": self.title, "os_pid": self.os_pid}
        if self.type == "supervisor":
            document["children"] = None if self.children is None else [child.to_json() for child in self.children]
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The answers of `PARTS` and, in a full report, of `DETAILS`, by key; None (or no entry) where nobody answered in time.

    ``tree`` begins with the application; None if that did not answer or was not asked.
    """

    wall_s: float
    took_s: float
    answers: Mapping[str, Message | None] = field(default_factory=dict)
    tree: Node | None = None

    def figures(self, part: str) -> Mapping[str, Any] | None:
        """A part's figures."""
        answer = self.answers.get(part)
        return answer.figures if isinstance(answer, Figures) else None

    @property
    def counts(self) -> ChildCounts | None:
        """The children of `jobs`."""
        answer = self.answers.get("jobs")
        return answer if isinstance(answer, ChildCounts) else None

    @property
    def worker(self) -> WorkerStatus | None:
        """The running calls."""
        answer = self.answers.get("worker")
        return answer if isinstance(answer, WorkerStatus) else None

    @property
    def tools(self) -> Tools | None:
        """The tools."""
        answer = self.answers.get("tools")
        return answer if isinstance(answer, Tools) else None

    @property
    def breakers(self) -> Breakers | None:
        """The circuit breakers."""
        answer = self.answers.get("breakers")
        return answer if isinstance(answer, Breakers) else None

    def is_up(self, part: str) -> bool:
        """Whether a part gave the answer that it owes."""
        return (self.counts if part == "jobs" else self.figures(part)) is not None


def problems(snapshot: Snapshot) -> tuple[str, ...]:
    """Why the node is not healthy: every part that did not answer."""
    return tuple(f"{part} does not answer" for part in PARTS if not snapshot.is_up(part))


def obstacles(snapshot: Snapshot) -> tuple[str, ...]:
    """Why the node cannot take a call now. A node whose places are all taken can: it refuses with a reason, and answers for its calls."""
    found = [problem for problem in problems(snapshot) if problem.startswith(("worker_manager", "jobs"))]
    worker = snapshot.figures("worker_manager")
    if worker is not None:
        if not worker.get("known"):
            found.append("worker_manager does not know the running calls yet")
        elif not worker.get("partitions"):
            found.append("worker_manager has no partition")
        if worker.get("draining"):
            found.append("worker_manager is draining")
    if snapshot.counts is not None and snapshot.counts.active == 0:
        found.append("jobs has no partition")
    return tuple(found)


def unanswered(snapshot: Snapshot) -> tuple[str, ...]:
    """Everybody in a full report who did not answer, by name."""
    details = (key for key in DETAILS if getattr(snapshot, key) is None)
    silent = [part for part in PARTS if not snapshot.is_up(part)] + [DETAILS[key][0] for key in details]
    nodes = snapshot.tree.walk() if snapshot.tree else iter(())
    silent += [node.id for node in nodes if node.children is None] if snapshot.tree else ["application"]
    return tuple(dict.fromkeys(silent))


def node_of(info: ChildInfo, children: tuple[Node, ...] | None) -> Node:
    """A child as a node."""
    return Node(id=info.id, type=info.type, state=info.state, title=info.title, os_pid=info.os_pid, children=children)


def status_document(snapshot: Snapshot) -> dict[str, Any]:
    """The full report. Where a part did not answer, null stands for its figures. No addresses, no sources, no texts of calls."""
    worker, tools, breakers = snapshot.worker, snapshot.tools, snapshot.breakers
    return {
        "healthy": not problems(snapshot),
        "ready": not obstacles(snapshot),
        "problems": list(dict.fromkeys((*problems(snapshot), *obstacles(snapshot)))),
        "unanswered": list(unanswered(snapshot)),
        "wall_s": snapshot.wall_s,
        "took_ms": round(snapshot.took_s * 1000, 1),
        "worker": worker
        and {
            "max_jobs": worker.max_jobs,
            "accepted": worker.accepted,
            "refused": worker.refused,
            "draining": worker.draining,
            "jobs": [{"job_id": job.job_id, "partition": job.partition, "started_wall_s": job.started_wall_s} for job in worker.jobs],
        },
        "tools": tools
        and [{"name": tool.name, "calls": tool.calls, "failures": tool.failures, "total_ms": tool.total_ms} for tool in tools.tools],
        "breakers": breakers and [{"service": one.service, "state": one.state, "failures": one.failures} for one in breakers.breakers],
        "audio": snapshot.figures("audio_processor"),
        "registry": snapshot.figures("registry"),
        "tree": snapshot.tree and snapshot.tree.to_json(),
    }
