"""Timers that can be cancelled (cures M10). Pure: the time is an argument."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

_COMPACT_ABOVE: Final = 64


@dataclass(slots=True, order=True)
class _Timer:
    due: float
    order: int
    callback: Callable[[], None] | None = field(compare=False)

    def fire(self) -> None:
        """Call back, unless it was cancelled since it fell due."""
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()


class Timers:
    """A heap of timers. Cancelled ones leave it when they fall due, or as soon as they are the majority."""

    def __init__(self) -> None:
        self._heap: list[_Timer] = []
        self._order = count()
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, due: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Have ``callback`` fall due; the function returned cancels it, also between falling due and being called."""
        timer = _Timer(due, next(self._order), callback)
        heapq.heappush(self._heap, timer)

        def cancel() -> None:
            if timer.callback is not None:
                timer.callback = None
                self._cancelled += 1
                self._compact()

        return cancel

    def next_due(self) -> float | None:
        """When the earliest timer falls due (it may be a cancelled one)."""
        return self._heap[0].due if self._heap else None

    def take_due(self, now: float) -> list[Callable[[], None]]:
        """The callbacks that are due, in order of their times; each does nothing if its timer is cancelled before it is called."""
        due: list[Callable[[], None]] = []
        while self._heap and self._heap[0].due <= now:
            timer = heapq.heappop(self._heap)
            if timer.callback is None:
                self._cancelled -= 1
            else:
                due.append(timer.fire)
        return due

    def _compact(self) -> None:
        if len(self._heap) > _COMPACT_ABOVE and self._cancelled * 2 > len(self._heap):
            self._heap = [timer for timer in self._heap if timer.callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0
