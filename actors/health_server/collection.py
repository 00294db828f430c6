"""Collects a snapshot: asks everybody at once, waits until all have answered or the time is up, and names who did not."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from actors.health_server.snapshot import DETAILS, PARTS, Node, Snapshot, node_of
from protocols import Children, Message, Ref, WhichChildren
from supervision import Cancel, Context

PROBE_S: Final = 0.8
"""Longest collection for a probe in seconds: Kubernetes waits for 1."""

REPORT_S: Final = 2.0
"""Longest collection for a full report in seconds."""

MAX_NODES: Final = 4_000
"""Supervisors asked for one report; the children of further ones stay unanswered."""

IN_FLIGHT: Final = 32
"""Supervisors asked at the same time."""

Deliver = Callable[[Snapshot], None]


class Collection:
    """One collection, from the moment it is made. ``deliver`` is called once, with what came in time."""

    def __init__(self, context: Context, *, full: bool, deliver: Deliver) -> None:
        self._context = context
        self._deliver: Deliver | None = deliver
        self._began_s = context.clock.monotonic()
        self._within_s = REPORT_S if full else PROBE_S
        self._answers: dict[str, Message | None] = {}
        self._root: Children | None = None
        self._below: dict[str, Children | None] = {}
        self._to_ask: list[Ref] = []
        self._in_flight = 0
        self._questions = self._begin(full=full)

    def _begin(self, *, full: bool) -> int:
        questions = {part: (part, message) for part, message in PARTS.items()}
        if full:
            questions |= DETAILS
        self._cancel: Cancel = self._context.after(self._within_s, self._end)
        for key, (name, message) in questions.items():
            self._context.ask_name(name, message, timeout_s=self._within_s, then=partial(self._answered, key))
        if full:
            self._in_flight = 1
            self._context.ask_name("application", WhichChildren(), timeout_s=self._within_s, then=self._root_answered)
        return len(questions)

    def _answered(self, key: str, answer: Message | None) -> None:
        self._answers[key] = answer
        self._end_if_whole()

    def _root_answered(self, answer: Message | None) -> None:
        self._in_flight -= 1
        self._root = answer if isinstance(answer, Children) else None
        self._go_down(self._root)

    def _branch_answered(self, uid: str, answer: Message | None) -> None:
        self._in_flight -= 1
        self._below[uid] = answer if isinstance(answer, Children) else None
        self._go_down(self._below[uid])

    def _go_down(self, found: Children | None) -> None:
        if found is not None:
            self._to_ask += (info.ref for info in found.children if info.type == "supervisor" and info.ref is not None)
        while self._deliver and self._to_ask and self._in_flight < IN_FLIGHT and len(self._below) < MAX_NODES:
            ref = self._to_ask.pop(0)
            self._below[ref.uid] = None
            self._in_flight += 1
            self._context.ask(ref, WhichChildren(), timeout_s=self._within_s, then=partial(self._branch_answered, ref.uid))
        self._end_if_whole()

    def _end_if_whole(self) -> None:
        if self._in_flight == 0 and len(self._answers) == self._questions:
            self._end()

    def _end(self) -> None:
        deliver, self._deliver = self._deliver, None
        if deliver is None:
            return  # what came now came too late
        self._cancel()
        clock = self._context.clock
        deliver(
            Snapshot(
                wall_s=clock.wall(),
                took_s=clock.monotonic() - self._began_s,
                answers=dict(self._answers),
                tree=None if self._root is None else _application(self._root, self._below),
            )
        )


def _application(root: Children, below: Mapping[str, Children | None]) -> Node:
    return Node(id="application", type="supervisor", state="running", title="application", children=_nodes(root, below))


def _nodes(found: Children, below: Mapping[str, Children | None]) -> tuple[Node, ...]:
    """In start order, which is the reverse of how supervisors list."""
    nodes = []
    for info in reversed(found.children):
        if info.type != "supervisor" or info.ref is None:
            children: tuple[Node, ...] | None = ()
        else:
            inner = below.get(info.ref.uid)
            children = None if inner is None else _nodes(inner, below)
        nodes.append(node_of(info, children))
    return tuple(nodes)


class Collector:
    """Collections on demand: a request is answered by one that began after it came, together with all who came before that one began.

    So at most one collection of each kind is under way, and no answer is older than its question.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[bool, list[Deliver]] = {False: [], True: []}
        self._busy = {False: False, True: False}
        self.collections = 0

    def want(self, *, full: bool, deliver: Deliver) -> None:
        """Have ``deliver`` called with a snapshot, after at most twice the longest collection of that kind."""
        self._waiting[full].append(deliver)
        if not self._busy[full]:
            self._begin(full=full)

    def _begin(self, *, full: bool) -> None:
        waiting, self._waiting[full] = self._waiting[full], []
        self._busy[full] = bool(waiting)
        if waiting:
            self.collections += 1
            Collection(self._context, full=full, deliver=partial(self._delivered, full, waiting))

    def _delivered(self, full: bool, waiting: list[Deliver], snapshot: Snapshot) -> None:  # noqa: FBT001 - bound by partial
        for deliver in waiting:
            deliver(snapshot)
        self._begin(full=full)
