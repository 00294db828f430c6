"""What a runtime tells the parent of one incarnation: each thing once, and in order. The same for every runtime."""

from protocols import ExitReason, Ref
from supervision.actor.cell import ActorCell
from supervision.actor.children import ChildAcknowledged, ChildEvent, ChildExited, ChildIgnored, ChildStarted, ChildStartFailed


class Lifecycle:
    """Follows one cell. `look` is to be called after each of its inputs, `end` once, when it is over."""

    def __init__(self, ref: Ref, os_pid: int) -> None:
        self._ref = ref
        self._os_pid = os_pid
        self._acknowledged = False
        self._started = False

    def look(self, cell: ActorCell) -> list[ChildEvent]:
        """What is new about its start, which is acknowledged at most once, and only before it is over."""
        news: list[ChildEvent] = []
        if cell.acknowledged and not (cell.started or self._acknowledged):
            self._acknowledged = True
            news.append(ChildAcknowledged(ref=self._ref, os_pid=self._os_pid))
        if cell.started and not self._started:
            self._started = True
            news.append(ChildStarted(ref=self._ref, os_pid=self._os_pid))
        return news

    def end(self, reason: ExitReason, *, ignored: bool) -> ChildEvent:
        """What its end is: of one that was up, of one that was not wanted (``ignored``), or of a start that failed."""
        if self._started:
            return ChildExited(uid=self._ref.uid, reason=reason)
        return ChildIgnored(uid=self._ref.uid) if ignored else ChildStartFailed(uid=self._ref.uid, reason=reason)
