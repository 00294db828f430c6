"""Going through the events of a run, looking for one among them, and what a failure shows. Of which kinds they are is the subclasses'."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Generic, NoReturn, Self, TypeVar, overload

from livekitex_agent.testing.judging import Judge, verdict_of
from protocols import UsageError

A = TypeVar("A", bound="EventCheck")
R = TypeVar("R", bound="EventSearch[Any]")

SHOWN_AROUND: Final = 20
"""Events before and after the place that a failure shows."""


class EventCheck:
    """One event of a run. A subclass has a method ``is_…`` for each kind, and names the kinds' classes."""

    KINDS: ClassVar[Mapping[str, type[Any]]]

    def __init__(self, events: Sequence[Any], index: int) -> None:
        self._events = events
        self._index = index
        self._event: Any = events[index]

    @classmethod
    def kind_of(cls, event: object) -> str:
        """The name of the kind of ``event``."""
        return next(name for name, kind in cls.KINDS.items() if isinstance(event, kind))

    def _value(self, name: str) -> object:
        """What the event has as ``name``."""
        return getattr(self._event, name)

    def _check(self, kind: str, **wanted: object) -> None:
        """It is of this ``kind``, and each value ``wanted`` that is not None is what it has."""
        __tracebackhide__ = True
        if not isinstance(self._event, self.KINDS[kind]):
            self._fail(f"expected a {kind}, found a {self.kind_of(self._event)}")
        for name, value in wanted.items():
            found = None if value is None else self._value(name)
            if found != value:
                self._fail(f"expected {name} {value!r}, found {found!r}")

    def _check_arguments(self, given: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> None:
        """The arguments ``given`` have at least those ``wanted``."""
        __tracebackhide__ = True
        for key, value in (wanted or {}).items():
            if key not in given or given[key] != value:
                self._fail(f"expected the argument {key}={value!r}, found {given.get(key, '(nothing)')!r}")

    async def _judge(self, judge: Judge, text: str, intent: str) -> None:
        """Have ``judge`` say whether the message ``text`` does what ``intent`` says.

        Raises:
            AssertionError: it does not.
            UsageError: the intent is empty, or the judge is none.
        """
        __tracebackhide__ = True
        if not intent.strip():
            raise UsageError("intent is empty: say in a sentence what the message should do")
        if not text.strip():
            self._fail("the message is empty: there is nothing to judge")
        fulfils, reason = await verdict_of(judge, text, intent)
        if not fulfils:
            self._fail(f"judged not to fulfil {intent!r}: {reason or 'no reason given'}")

    def _fail(self, text: str) -> NoReturn:
        __tracebackhide__ = True
        raise failure(text, self._events, self._index)


class EventSearch(Generic[A]):
    """Some events of a run, of which one is looked for. A subclass has a method ``contains_…`` for each kind."""

    CHECK: ClassVar[type[EventCheck]]

    def __init__(self, events: Sequence[Any], indices: range) -> None:
        self._events = events
        self._indices = indices

    def _first(self, kind: str, **wanted: object) -> Any:  # noqa: ANN401 - what its ``is_…`` gives
        """What the ``is_…`` of this ``kind`` gives of the first event that it holds of."""
        __tracebackhide__ = True
        for index in self._indices:
            try:
                return getattr(self.CHECK(self._events, index), f"is_{kind}")(**wanted)
            except AssertionError:
                continue
        what = ", ".join(f"{name}={value!r}" for name, value in wanted.items() if value is not None)
        where = f"among the events {list(self._indices)}" if len(self._indices) != len(self._events) else "in this run"
        raise failure(f"no {kind}{f' with {what}' if what else ''} {where}", self._events, None)


class EventWalk(EventSearch[A], Generic[A, R]):
    """All events of a run, gone through from the first on; each method that steps moves on to the next.

    ``walk[i]`` is one of them (from the end where negative), ``walk[i:j]`` some.
    """

    SOME: ClassVar[type[EventSearch[Any]]]

    def __init__(self, events: Sequence[Any]) -> None:
        super().__init__(events, range(len(events)))
        self._next = 0

    @overload
    def __getitem__(self, key: int) -> A: ...
    @overload
    def __getitem__(self, key: slice) -> R: ...
    def __getitem__(self, key: int | slice) -> A | R:
        __tracebackhide__ = True
        if isinstance(key, slice):
            some: Any = self.SOME(self._events, range(*key.indices(len(self._events))))
            return some  # type: ignore[no-any-return]
        if not isinstance(key, int):
            raise TypeError(f"events are had by an int or a slice, not by {key!r}")
        if not -len(self._events) <= key < len(self._events):
            raise failure(f"there is no event {key}: the run has {len(self._events)}", self._events, None)
        return self._at(key % len(self._events))

    def _step_to(self, kind: str | None) -> A:
        """Go past the next event of this ``kind`` (any, if None), and give it."""
        __tracebackhide__ = True
        wanted = object if kind is None else self._kind(kind)
        for index in range(self._next, len(self._events)):
            if isinstance(self._events[index], wanted):
                self._next = index + 1
                return self._at(index)
        raise failure(f"expected another {kind or 'event'}, and none is left", self._events, len(self._events))

    def _step_if(self, kind: str, **wanted: object) -> Any:  # noqa: ANN401 - what its ``is_…`` gives
        """Go past the next event if its ``is_…`` holds, and give what that gives; else None."""
        self._kind(kind)
        if self._next >= len(self._events):
            return None
        try:
            found = getattr(self._at(self._next), f"is_{kind}")(**wanted)
        except AssertionError:
            return None
        self._next += 1
        return found

    def skip_next(self, count: int = 1) -> Self:
        """Go past ``count`` events, whatever they are."""
        __tracebackhide__ = True
        left = len(self._events) - self._next
        if count > left:
            raise failure(f"cannot skip {count} event(s): {left} left", self._events, len(self._events))
        self._next += count
        return self

    def no_more_events(self) -> None:
        """There is none after those that were stepped past."""
        __tracebackhide__ = True
        if self._next < len(self._events):
            raise failure(f"expected no more events, found a {self.CHECK.kind_of(self._events[self._next])}", self._events, self._next)

    def _at(self, index: int) -> A:
        check: Any = self.CHECK(self._events, index)
        return check  # type: ignore[no-any-return]

    def _kind(self, name: str) -> type[Any]:
        if name not in self.CHECK.KINDS:
            raise UsageError(f"type={name!r}: use one of {', '.join(self.CHECK.KINDS)}")
        return self.CHECK.KINDS[name]


def failure(text: str, events: Sequence[Any], index: int | None) -> AssertionError:
    """The failure ``text`` of the event ``index``, with what is around it."""
    at = len(events) if index is None else index
    first, last = max(0, at - SHOWN_AROUND), min(len(events), at + SHOWN_AROUND + 1)
    lines = [f"{'>>>' if number == index else '   '} [{number}] {events[number]}" for number in range(first, last)]
    if first:
        lines.insert(0, f"    … {first} before")
    if last < len(events):
        lines.append(f"    … {len(events) - last} after")
    if index == len(events):
        lines.append(">>> (the end)")
    return AssertionError("\n".join([text, "The events of the run:", *(lines or ["    (none)"])]))
