"""The one place of a process that waits: descriptors, timers and posts.

Cures the hub cost of Thespian's loop, which makes a new selector and registers every socket in each turn: here they stay registered.
"""

import select
from collections.abc import Callable

from protocols import Clock
from supervision.thespian_seam.posts import Posts
from supervision.thespian_seam.timers import Timers

Cancel = Callable[[], None]

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT


class Reactor:
    """Calls back from `poll`, on the thread that made it. Callbacks must not raise."""

    def __init__(self, clock: Clock, post_limit: int) -> None:
        self._clock = clock
        self._epoll = select.epoll()
        self._watched: dict[int, Callable[[], None]] = {}
        self._timers = Timers()
        self._posts = Posts(post_limit)
        self._due: list[Callable[[], None]] = []
        self.watch(self._posts.fileno, lambda: self._due.extend(self._posts.take()))

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All that it waits on, and its own."""
        return (self._epoll.fileno(), *self._watched)

    def watch(self, fd: int, callback: Callable[[], None], events: int = READABLE) -> None:
        """Call back whenever ``fd`` is ready or broken, until `unwatch`."""
        self._epoll.register(fd, events)
        self._watched[fd] = callback

    def change(self, fd: int, events: int) -> None:
        """Wait for other events of a watched descriptor."""
        self._epoll.modify(fd, events)

    def unwatch(self, fd: int) -> None:
        """Forget a watched descriptor; to be called before it is closed."""
        del self._watched[fd]
        self._epoll.unregister(fd)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Cancel:
        """Call back once after ``delay_s``, a few milliseconds late at most when nothing blocks the loop."""
        return self._timers.add(self._clock.monotonic() + delay_s, callback)

    def post(self, callback: Callable[[], None]) -> None:
        """Call back soon; from any thread. See `Posts.put`."""
        self._posts.put(callback)

    def post_from_signal(self, callback: Callable[[], None]) -> None:
        """Call back soon; from a signal handler."""
        self._posts.put_from_signal(callback)

    def poll(self, timeout_s: float | None) -> None:
        """Wait until something is ready, or ``timeout_s`` (None: for ever), and call back for it."""
        due_at = self._timers.next_due()
        if due_at is not None:
            remaining = max(0.0, due_at - self._clock.monotonic())
            timeout_s = remaining if timeout_s is None else min(timeout_s, remaining)
        for fd, _ in self._epoll.poll(timeout_s):
            callback = self._watched.get(fd)
            if callback is not None:  # an earlier callback of this round may have closed it
                callback()
        self._due.extend(self._timers.take_due(self._clock.monotonic()))
        due, self._due = self._due, []
        for callback in due:
            callback()

    def close(self) -> None:
        """Give up all descriptors of the reactor itself."""
        self._posts.close()
        self._epoll.close()
