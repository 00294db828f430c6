"""What a test says of the events of a run, in LiveKit's names.

A failure is an `AssertionError` with what was expected, what was found, and the events of the run around the place.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, Self, overload

from livekitex_agent.testing.event_walk import EventCheck, EventSearch, EventWalk
from livekitex_agent.testing.judging import Judge
from livekitex_agent.voice.run_events import AgentHandoffEvent, ChatMessageEvent, FunctionCallEvent, FunctionCallOutputEvent, RunEvent

Kind = Literal["message", "function_call", "function_call_output", "agent_handoff"]
Arguments = Mapping[str, Any] | None


class HasEvents(Protocol):
    """What a `RunAssert` is made of: a `RunResult`."""

    @property
    def events(self) -> list[RunEvent]:
        """Oldest first."""
        ...


class EventAssert(EventCheck):
    """One event of a run; what is said of it either holds, or raises `AssertionError`. What is None is not looked at."""

    KINDS: ClassVar[Mapping[str, type[Any]]] = {
        kind.type: kind for kind in (ChatMessageEvent, FunctionCallEvent, FunctionCallOutputEvent, AgentHandoffEvent)
    }

    def event(self) -> Any:  # noqa: ANN401 - a `RunEvent`; subclasses say which
        """The event itself."""
        return self._event

    def is_message(self, *, role: str | None = None) -> "ChatMessageAssert":
        """It is a message of this ``role`` ("user", "assistant", "system", "developer")."""
        __tracebackhide__ = True
        self._check("message", role=role)
        return ChatMessageAssert(self._events, self._index)

    def is_function_call(self, *, name: str | None = None, arguments: Arguments = None) -> "FunctionCallAssert":
        """It is a call of the tool ``name``, with at least these ``arguments``."""
        __tracebackhide__ = True
        self._check("function_call", name=name)
        self._check_arguments(self._event.parsed, arguments)
        return FunctionCallAssert(self._events, self._index)

    def is_function_call_output(self, *, output: str | None = None, is_error: bool | None = None) -> "FunctionCallOutputAssert":
        """It is the end of a call of a tool, of which the model is told exactly ``output``, an error or not."""
        __tracebackhide__ = True
        self._check("function_call_output", output=output, is_error=is_error)
        return FunctionCallOutputAssert(self._events, self._index)

    def is_agent_handoff(self, *, new_agent_type: type[Any] | None = None) -> "AgentHandoffAssert":
        """The call is handed on, to an agent of this class."""
        __tracebackhide__ = True
        self._check("agent_handoff")
        new = self._event.new_agent
        if new_agent_type is not None and not isinstance(new, new_agent_type):
            self._fail(f"expected a hand-off to a {new_agent_type.__name__}, found one to a {type(new).__name__}")
        return AgentHandoffAssert(self._events, self._index)

    def _value(self, name: str) -> object:
        return getattr(self._event.item, name)


class ChatMessageAssert(EventAssert):
    """A message."""

    def event(self) -> ChatMessageEvent:
        """The event itself."""
        event: ChatMessageEvent = self._event
        return event

    async def judge(self, llm_v: Judge, *, intent: str) -> Self:
        """Have ``llm_v`` say whether the message does what ``intent`` says: a language model, or a function of the text and the intent.

        Raises:
            AssertionError: it does not.
            UsageError: the intent is empty, or the judge is none.
        """
        __tracebackhide__ = True
        await self._judge(llm_v, self._event.item.text_content or "", intent)
        return self


class FunctionCallAssert(EventAssert):
    """A call of a tool."""

    def event(self) -> FunctionCallEvent:
        """The event itself."""
        event: FunctionCallEvent = self._event
        return event


class FunctionCallOutputAssert(EventAssert):
    """The end of a call of a tool."""

    def event(self) -> FunctionCallOutputEvent:
        """The event itself."""
        event: FunctionCallOutputEvent = self._event
        return event


class AgentHandoffAssert(EventAssert):
    """A hand-off."""

    def event(self) -> AgentHandoffEvent:
        """The event itself."""
        event: AgentHandoffEvent = self._event
        return event


class EventRangeAssert(EventSearch[EventAssert]):
    """Some events of a run, of which one is looked for."""

    CHECK = EventAssert

    def contains_message(self, *, role: str | None = None) -> ChatMessageAssert:
        """The first that `EventAssert.is_message` holds of."""
        __tracebackhide__ = True
        found: ChatMessageAssert = self._first("message", role=role)
        return found

    def contains_function_call(self, *, name: str | None = None, arguments: Arguments = None) -> FunctionCallAssert:
        """The first that `EventAssert.is_function_call` holds of."""
        __tracebackhide__ = True
        found: FunctionCallAssert = self._first("function_call", name=name, arguments=arguments)
        return found

    def contains_function_call_output(self, *, output: str | None = None, is_error: bool | None = None) -> FunctionCallOutputAssert:
        """The first that `EventAssert.is_function_call_output` holds of."""
        __tracebackhide__ = True
        found: FunctionCallOutputAssert = self._first("function_call_output", output=output, is_error=is_error)
        return found

    def contains_agent_handoff(self, *, new_agent_type: type[Any] | None = None) -> AgentHandoffAssert:
        """The first that `EventAssert.is_agent_handoff` holds of."""
        __tracebackhide__ = True
        found: AgentHandoffAssert = self._first("agent_handoff", new_agent_type=new_agent_type)
        return found


class RunAssert(EventRangeAssert, EventWalk[EventAssert, EventRangeAssert]):
    """All events of a run, gone through from the first on; each method that steps moves on to the next.

    ``expect[i]`` is one of them (from the end where negative), ``expect[i:j]`` some.
    """

    SOME = EventRangeAssert

    def __init__(self, run_result: HasEvents) -> None:
        super().__init__(run_result.events)

    @overload
    def next_event(self, *, type: None = None) -> EventAssert: ...
    @overload
    def next_event(self, *, type: Literal["message"]) -> ChatMessageAssert: ...
    @overload
    def next_event(self, *, type: Literal["function_call"]) -> FunctionCallAssert: ...
    @overload
    def next_event(self, *, type: Literal["function_call_output"]) -> FunctionCallOutputAssert: ...
    @overload
    def next_event(self, *, type: Literal["agent_handoff"]) -> AgentHandoffAssert: ...
    def next_event(self, *, type: Kind | None = None) -> EventAssert:  # noqa: A002 - LiveKit's
        """The next event; with ``type`` the next of that, past those between."""
        __tracebackhide__ = True
        found = self._step_to(type)
        if type is None:
            return found
        of_kind: EventAssert = getattr(found, f"is_{type}")()
        return of_kind

    @overload
    def skip_next_event_if(self, *, type: Literal["message"], role: str | None = None) -> ChatMessageAssert | None: ...
    @overload
    def skip_next_event_if(
        self, *, type: Literal["function_call"], name: str | None = None, arguments: Arguments = None
    ) -> FunctionCallAssert | None: ...
    @overload
    def skip_next_event_if(
        self, *, type: Literal["function_call_output"], output: str | None = None, is_error: bool | None = None
    ) -> FunctionCallOutputAssert | None: ...
    @overload
    def skip_next_event_if(
        self, *, type: Literal["agent_handoff"], new_agent_type: type[Any] | None = None
    ) -> AgentHandoffAssert | None: ...
    def skip_next_event_if(self, *, type: Kind, **wanted: Any) -> EventAssert | None:  # noqa: A002 - LiveKit's
        """Go past the next event if it is a ``type`` that has what is ``wanted`` (the keywords of its ``is_…``); else None, and stay."""
        found: EventAssert | None = self._step_if(type, **wanted)
        return found
