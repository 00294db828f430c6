"""Probes the children that asked for it, through their mailbox and event loop, and tells which of them hang.

A child whose mailbox does not run yet cannot answer. While it starts, any sign that its process runs, or waits for a processor, counts as
an answer: so one that is stopped or blocked is found, and none is killed because it loads much or the machine is loaded. What runs in
circles there ends with `ChildSpec.start_timeout_ms`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protocols import Message, Ping, Ref, abnormal
from supervision.actor import Cancel, Context
from supervision.core.heartbeat import Heartbeat

HUNG: Final = abnormal("hung")
"""Why a child ended that was killed because it missed its heartbeats."""


@dataclass(slots=True)
class _Watched:
    child: Ref
    heartbeat: Heartbeat
    cancel: Cancel
    starting: bool = True
    progress: int = 0


class Heartbeats:
    """The probes of one supervisor. Any answer proves a child alive, also a late one; a child without answer stays watched."""

    def __init__(self, context: Context, on_hung: Callable[[str], None]) -> None:
        self._context = context
        self._on_hung = on_hung
        self._watched: dict[str, _Watched] = {}
        self._probes = 0

    def watch(self, child: Ref, deadline_ms: int) -> None:
        """Probe ``child``, which may still be starting, from now on; ``on_hung`` is called with its uid at each tick at which it hangs."""
        heartbeat = Heartbeat.begin(deadline_ms, self._context.clock.monotonic())
        self._watched[child.uid] = _Watched(child, heartbeat, self._tick_later(child.uid, heartbeat))

    def started(self, uid: str) -> None:
        """The mailbox of a child runs: from now on only its answers count; nothing happens if nobody watches it."""
        watched = self._watched.get(uid)
        if watched is not None and watched.starting:
            watched.starting = False
            watched.heartbeat = watched.heartbeat.answer()

    def forget(self, uid: str) -> None:
        """Probe this incarnation no more; nothing happens if nobody did."""
        watched = self._watched.pop(uid, None)
        if watched is not None:
            watched.cancel()

    def _tick_later(self, uid: str, heartbeat: Heartbeat) -> Cancel:
        return self._context.after(heartbeat.period_s, lambda: self._tick(self._watched[uid]))

    def _tick(self, watched: _Watched) -> None:
        if watched.starting:
            before, watched.progress = watched.progress, self._context.child_progress(watched.child.uid)
            if watched.progress != before:
                watched.heartbeat = watched.heartbeat.answer()
        watched.heartbeat = watched.heartbeat.tick(self._context.clock.monotonic())
        watched.cancel = self._tick_later(watched.child.uid, watched.heartbeat)
        if watched.heartbeat.probe_due:
            self._probe(watched)
        if watched.heartbeat.hung:
            self._on_hung(watched.child.uid)

    def _probe(self, watched: _Watched) -> None:
        self._probes += 1

        def answered(pong: Message | None) -> None:
            if pong is not None:
                watched.heartbeat = watched.heartbeat.answer()

        self._context.ask(watched.child, Ping(probe=self._probes), timeout_s=watched.heartbeat.deadline_s, then=answered)
