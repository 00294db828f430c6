"""Where in a program a speech was asked for, so that a rerun of the program asks for the same speech by the same command.

A scope is a piece of user code that runs again after a death, such as the entrypoint or an agent's ``on_enter``. A task that is made in a
scope is a scope below it. Its name is its coroutine function and the how-manieth task of that function it is *there*: neither when it runs
nor what its siblings do changes it, nor how many tasks a library makes in between.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakKeyDictionary, WeakValueDictionary

from protocols import InternalError

MAX_ID_CHARS: Final = 64
"""Of a command's id."""
_HASH_BYTES: Final = 24


class _Scope:
    """One scope. ``path`` is its name below all that it is in; what is numbered in it is numbered by name."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.made: Counter[str] = Counter()

    def next(self, name: str) -> str:
        """The path of the next thing of this name in here."""
        name = _escaped(name)
        self.made[name] += 1
        return f"{self.path}/{name}#{self.made[name]}"


class Scopes:
    """The scopes of one incarnation of a call. Used on its program loop only, whose tasks are shown to `task_made`.

    Only tasks have a scope: callbacks of events and of timers have none, nor has code in threads, nor a task that any of them makes. What
    has none is numbered within ``incarnation``, so its ids match nothing of another life.
    """

    def __init__(self, incarnation: int) -> None:
        self._entered: WeakValueDictionary[str, _Scope] = WeakValueDictionary()
        self._numbered: set[_Scope] = set()
        self._of_task: WeakKeyDictionary[asyncio.Task[Any], _Scope] = WeakKeyDictionary()
        self._nowhere = _Scope(f"*{incarnation}")

    @property
    def current(self) -> str | None:
        """The path of the scope that the caller is in, or None."""
        scope = self._current()
        return scope.path if scope is not None else None

    @contextmanager
    def enter(self, name: str) -> Iterator[None]:
        """What the current task does in this block, and the tasks that it makes in it, are in the scope ``name``.

        It lies below no other. Whoever enters a name again goes on with its numbers.
        """
        name = _escaped(name)
        scope = self._entered.setdefault(name, _Scope(name))
        try:
            with self._within(scope):
                yield
        finally:
            if scope.made:  # else nothing refers to its numbers, and one would be kept for every turn of the call
                self._numbered.add(scope)

    @contextmanager
    def leave(self) -> Iterator[None]:
        """What the current task does in this block, and the tasks that it makes in it, are in no scope: a tool, a callback."""
        with self._within(None):
            yield

    def task_made(self, task: "asyncio.Task[Any]") -> None:
        """``task`` was made by the caller: it is the next scope of its function below the caller's."""
        scope = self._current()
        if scope is not None:
            work = task.get_coro()
            self._of_task[task] = _Scope(scope.next(getattr(work, "__qualname__", type(work).__name__)))

    def command_id(self, function: str) -> str:
        """The id of the command that the caller gives now by calling ``function`` (``say``): 1 to `MAX_ID_CHARS` ASCII characters.

        No other call of this incarnation has it. A call has it in every incarnation in which its scope is the same and it is the same
        how-manieth call of ``function`` there, whatever its arguments.
        """
        path = (self._current() or self._nowhere).next(function)
        if len(path) <= MAX_ID_CHARS:
            return path
        return f"!{blake2b(path.encode(), digest_size=_HASH_BYTES).hexdigest()}{_escaped(function)[: MAX_ID_CHARS - 1 - 2 * _HASH_BYTES]}"

    def _current(self) -> _Scope | None:
        task = _current_task()
        return self._of_task.get(task) if task is not None else None

    @contextmanager
    def _within(self, scope: _Scope | None) -> Iterator[None]:
        task = _current_task()
        if task is None:
            raise InternalError("a scope was entered outside of any task: please report this")
        before = self._of_task.get(task)
        self._set(task, scope)
        try:
            yield
        finally:
            self._set(task, before)

    def _set(self, task: "asyncio.Task[Any]", scope: _Scope | None) -> None:
        if scope is not None:
            self._of_task[task] = scope
        else:
            self._of_task.pop(task, None)


def _current_task() -> "asyncio.Task[Any] | None":
    with suppress(RuntimeError):  # no loop runs in this thread
        return asyncio.current_task()
    return None


def _escaped(name: str) -> str:
    """``name`` in ASCII, and without what joins a path."""
    return quote(name, safe="<>:, ", errors="surrogatepass")
