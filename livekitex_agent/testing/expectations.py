"""What a test says of the events of a run: one after the other, or of any among them.

A failure is an `AssertionError` with what was expected, what was found, and all events of the run around the place.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, NoReturn, Self, TypeVar, overload

from livekitex_agent.testing.judging import Judge, verdict_of
from livekitex_agent.testing.run_events import AgentHandoffEvent, FunctionCallEvent, FunctionCallOutputEvent, MessageEvent, RunEvent
from protocols import UsageError

E = TypeVar("E", bound=RunEvent)

SHOWN_AROUND: Final = 20
"""Events before and after the place that a failure shows."""

_TYPES: Final[Mapping[str, type[RunEvent]]] = {
    kind.TYPE: kind for kind in (MessageEvent, FunctionCallEvent, FunctionCallOutputEvent, AgentHandoffEvent)
}


class EventExpectation(Generic[E]):
    """One event of a run; what is said of it either holds, or raises `AssertionError`."""

    def __init__(self, events: Sequence[RunEvent], index: int, event: E) -> None:
        self._events = events
        self._index = index
        self._event = event

    @property
    def event(self) -> E:
        """The event itself."""
        return self._event

    def is_message(
        self, *, role: str | None = None, text: str | None = None, interrupted: bool | None = None
    ) -> "EventExpectation[MessageEvent]":
        """It is a message; of this ``role`` ("user", "assistant"), with exactly this ``text``, interrupted or not, where given."""
        __tracebackhide__ = True
        return self._checked(MessageEvent, role=role, text=text, interrupted=interrupted)

    def is_function_call(
        self, *, name: str | None = None, arguments: Mapping[str, Any] | None = None
    ) -> "EventExpectation[FunctionCallEvent]":
        """It is a call of the tool ``name``, with at least these ``arguments``."""
        __tracebackhide__ = True
        found = self._checked(FunctionCallEvent, name=name)
        given = found.event.parsed
        for key, wanted in (arguments or {}).items():
            if key not in given or given[key] != wanted:
                self._fail(f"expected the argument {key}={wanted!r}, found {given.get(key, '(nothing)')!r}")
        return found

    def is_function_call_output(
        self, *, name: str | None = None, output: str | None = None, is_error: bool | None = None
    ) -> "EventExpectation[FunctionCallOutputEvent]":
        """It is the end of a call of the tool ``name``, of which the model is told exactly ``output``, an error or not."""
        __tracebackhide__ = True
        return self._checked(FunctionCallOutputEvent, name=name, output=output, is_error=is_error)

    def is_agent_handoff(self, *, new_agent: str | None = None, old_agent: str | None = None) -> "EventExpectation[AgentHandoffEvent]":
        """The call is handed on: to ``new_agent``, from ``old_agent`` (their names)."""
        __tracebackhide__ = True
        return self._checked(AgentHandoffEvent, new=new_agent, old=old_agent)

    async def judge(self, judge: Judge, *, intent: str) -> Self:
        """Have ``judge`` say whether the message does what ``intent`` says: a language model (an `LLM`), or a function.

        The function, sync or async, takes the message's text and the intent and gives a bool, or a bool and its reason.

        Raises:
            AssertionError: it does not; or it is no message.
            UsageError: the intent is empty, or the judge is none.
        """
        __tracebackhide__ = True
        if not intent.strip():
            raise UsageError("intent is empty: say in a sentence what the message should do")
        message = self.is_message().event
        if not message.text.strip():
            self._fail("the message is empty: there is nothing to judge")
        fulfils, reason = await verdict_of(judge, message.text, intent)
        if not fulfils:
            self._fail(f"judged not to fulfil {intent!r}: {reason or 'no reason given'}")
        return self

    def _checked(self, kind: type[Any], **wanted: object) -> "EventExpectation[Any]":
        __tracebackhide__ = True
        if not isinstance(self._event, kind):
            self._fail(f"expected a {kind.TYPE}, found a {self._event.TYPE}")
        for name, value in wanted.items():
            found = getattr(self._event, name)
            if value is not None and found != value:
                self._fail(f"expected {name} {value!r}, found {found!r}")
        return EventExpectation(self._events, self._index, self._event)

    def _fail(self, text: str) -> NoReturn:
        __tracebackhide__ = True
        raise failure(text, self._events, self._index)


class EventRange:
    """Some events of a run, of which one is looked for."""

    def __init__(self, events: Sequence[RunEvent], indices: range) -> None:
        self._events = events
        self._indices = indices

    def contains_message(
        self, *, role: str | None = None, text: str | None = None, interrupted: bool | None = None
    ) -> EventExpectation[MessageEvent]:
        """The first that `EventExpectation.is_message` holds of."""
        __tracebackhide__ = True
        return self._first(
            lambda each: each.is_message(role=role, text=text, interrupted=interrupted),
            MessageEvent,
            role=role,
            text=text,
            interrupted=interrupted,
        )

    def contains_function_call(
        self, *, name: str | None = None, arguments: Mapping[str, Any] | None = None
    ) -> EventExpectation[FunctionCallEvent]:
        """The first that `EventExpectation.is_function_call` holds of."""
        __tracebackhide__ = True
        return self._first(
            lambda each: each.is_function_call(name=name, arguments=arguments), FunctionCallEvent, name=name, arguments=arguments
        )

    def contains_function_call_output(
        self, *, name: str | None = None, output: str | None = None, is_error: bool | None = None
    ) -> EventExpectation[FunctionCallOutputEvent]:
        """The first that `EventExpectation.is_function_call_output` holds of."""
        __tracebackhide__ = True
        return self._first(
            lambda each: each.is_function_call_output(name=name, output=output, is_error=is_error),
            FunctionCallOutputEvent,
            name=name,
            output=output,
            is_error=is_error,
        )

    def contains_agent_handoff(self, *, new_agent: str | None = None, old_agent: str | None = None) -> EventExpectation[AgentHandoffEvent]:
        """The first that `EventExpectation.is_agent_handoff` holds of."""
        __tracebackhide__ = True
        return self._first(
            lambda each: each.is_agent_handoff(new_agent=new_agent, old_agent=old_agent),
            AgentHandoffEvent,
            new_agent=new_agent,
            old_agent=old_agent,
        )

    def _first(
        self, holds: Callable[[EventExpectation[RunEvent]], EventExpectation[Any]], kind: type[RunEvent], **wanted: object
    ) -> EventExpectation[Any]:
        __tracebackhide__ = True
        for index in self._indices:
            try:
                return holds(EventExpectation(self._events, index, self._events[index]))
            except AssertionError:
                continue
        what = ", ".join(f"{name}={value!r}" for name, value in wanted.items() if value is not None)
        where = f"among the events {list(self._indices)}" if len(self._indices) != len(self._events) else "in this run"
        raise failure(f"no {kind.TYPE}{f' with {what}' if what else ''} {where}", self._events, None)


class RunExpectation(EventRange):
    """All events of a run, gone through from the first on; each method that steps moves on to the next.

    ``expect[i]`` is one of them (from the end where negative), ``expect[i:j]`` some.
    """

    def __init__(self, events: Sequence[RunEvent]) -> None:
        super().__init__(events, range(len(events)))
        self._next = 0

    @overload
    def __getitem__(self, key: int) -> EventExpectation[RunEvent]: ...
    @overload
    def __getitem__(self, key: slice) -> EventRange: ...
    def __getitem__(self, key: int | slice) -> EventExpectation[RunEvent] | EventRange:
        __tracebackhide__ = True
        if isinstance(key, slice):
            return EventRange(self._events, range(*key.indices(len(self._events))))
        if not -len(self._events) <= key < len(self._events):
            raise failure(f"there is no event {key}: the run has {len(self._events)}", self._events, None)
        return self._at(key % len(self._events))

    def next_event(self, *, type: str | None = None) -> EventExpectation[RunEvent]:  # noqa: A002 - the field's word
        """The next event; with ``type`` ("message", "function_call", "function_call_output", "agent_handoff") the next of that."""
        __tracebackhide__ = True
        wanted = _kind(type)
        for index in range(self._next, len(self._events)):
            if isinstance(self._events[index], wanted):
                self._next = index + 1
                return self._at(index)
        raise failure(f"expected another {type or 'event'}, and none is left", self._events, len(self._events))

    def skip_next(self, count: int = 1) -> Self:
        """Go past ``count`` events, whatever they are."""
        __tracebackhide__ = True
        left = len(self._events) - self._next
        if count > left:
            raise failure(f"cannot skip {count} event(s): {left} left", self._events, len(self._events))
        self._next += count
        return self

    def skip_next_event_if(self, *, type: str, **wanted: Any) -> EventExpectation[RunEvent] | None:  # noqa: A002, ANN401 - see `next_event`
        """Go past the next event if it is a ``type`` that has what is ``wanted`` (the keywords of its ``is_…``); else None, and stay."""
        _kind(type)
        if self._next >= len(self._events):
            return None
        try:
            found: EventExpectation[RunEvent] = getattr(self._at(self._next), f"is_{type}")(**wanted)
        except AssertionError:
            return None
        self._next += 1
        return found

    def no_more_events(self) -> None:
        """There is none after those that were stepped past."""
        __tracebackhide__ = True
        if self._next < len(self._events):
            raise failure(f"expected no more events, found a {self._events[self._next].TYPE}", self._events, self._next)

    def _at(self, index: int) -> EventExpectation[RunEvent]:
        return EventExpectation(self._events, index, self._events[index])


def failure(text: str, events: Sequence[RunEvent], index: int | None) -> AssertionError:
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


def _kind(name: str | None) -> Any:  # noqa: ANN401 - a class, or their union
    if name is None:
        return RunEvent
    if name not in _TYPES:
        raise UsageError(f"type={name!r}: use one of {', '.join(_TYPES)}")
    return _TYPES[name]
