"""What a test says of the events of a run: one after the other, or of any among them.

A failure is an `AssertionError` with what was expected, what was found, and all events of the run around the place.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

from livekitex_agent.testing.event_walk import EventCheck, EventSearch, EventWalk
from livekitex_agent.testing.judging import Judge
from livekitex_agent.testing.run_events import AgentHandoffEvent, FunctionCallEvent, FunctionCallOutputEvent, MessageEvent, RunEvent

E = TypeVar("E", bound=RunEvent)


class EventExpectation(EventCheck, Generic[E]):
    """One event of a run; what is said of it either holds, or raises `AssertionError`."""

    KINDS: ClassVar[Mapping[str, type[Any]]] = {
        kind.TYPE: kind for kind in (MessageEvent, FunctionCallEvent, FunctionCallOutputEvent, AgentHandoffEvent)
    }

    @property
    def event(self) -> E:
        """The event itself."""
        event: E = self._event
        return event

    def is_message(
        self, *, role: str | None = None, text: str | None = None, interrupted: bool | None = None
    ) -> "EventExpectation[MessageEvent]":
        """It is a message; of this ``role`` ("user", "assistant"), with exactly this ``text``, interrupted or not, where given."""
        __tracebackhide__ = True
        return self._checked("message", role=role, text=text, interrupted=interrupted)

    def is_function_call(
        self, *, name: str | None = None, arguments: Mapping[str, Any] | None = None
    ) -> "EventExpectation[FunctionCallEvent]":
        """It is a call of the tool ``name``, with at least these ``arguments``."""
        __tracebackhide__ = True
        found = self._checked("function_call", name=name)
        self._check_arguments(found.event.parsed, arguments)
        return found

    def is_function_call_output(
        self, *, name: str | None = None, output: str | None = None, is_error: bool | None = None
    ) -> "EventExpectation[FunctionCallOutputEvent]":
        """It is the end of a call of the tool ``name``, of which the model is told exactly ``output``, an error or not."""
        __tracebackhide__ = True
        return self._checked("function_call_output", name=name, output=output, is_error=is_error)

    def is_agent_handoff(self, *, new_agent: str | None = None, old_agent: str | None = None) -> "EventExpectation[AgentHandoffEvent]":
        """The call is handed on: to ``new_agent``, from ``old_agent`` (their names)."""
        __tracebackhide__ = True
        return self._checked("agent_handoff", new=new_agent, old=old_agent)

    async def judge(self, judge: Judge, *, intent: str) -> Self:
        """Have ``judge`` say whether the message does what ``intent`` says: a language model (an `LLM`), or a function.

        The function, sync or async, takes the message's text and the intent and gives a bool, or a bool and its reason.

        Raises:
            AssertionError: it does not; or it is no message.
            UsageError: the intent is empty, or the judge is none.
        """
        __tracebackhide__ = True
        await self._judge(judge, self.is_message().event.text, intent)
        return self

    def _checked(self, kind: str, **wanted: object) -> "EventExpectation[Any]":
        __tracebackhide__ = True
        self._check(kind, **wanted)
        return self


class EventRange(EventSearch[EventExpectation[RunEvent]]):
    """Some events of a run, of which one is looked for."""

    CHECK = EventExpectation

    def contains_message(
        self, *, role: str | None = None, text: str | None = None, interrupted: bool | None = None
    ) -> EventExpectation[MessageEvent]:
        """The first that `EventExpectation.is_message` holds of."""
        __tracebackhide__ = True
        found: EventExpectation[MessageEvent] = self._first("message", role=role, text=text, interrupted=interrupted)
        return found

    def contains_function_call(
        self, *, name: str | None = None, arguments: Mapping[str, Any] | None = None
    ) -> EventExpectation[FunctionCallEvent]:
        """The first that `EventExpectation.is_function_call` holds of."""
        __tracebackhide__ = True
        found: EventExpectation[FunctionCallEvent] = self._first("function_call", name=name, arguments=arguments)
        return found

    def contains_function_call_output(
        self, *, name: str | None = None, output: str | None = None, is_error: bool | None = None
    ) -> EventExpectation[FunctionCallOutputEvent]:
        """The first that `EventExpectation.is_function_call_output` holds of."""
        __tracebackhide__ = True
        found: EventExpectation[FunctionCallOutputEvent] = self._first("function_call_output", name=name, output=output, is_error=is_error)
        return found

    def contains_agent_handoff(self, *, new_agent: str | None = None, old_agent: str | None = None) -> EventExpectation[AgentHandoffEvent]:
        """The first that `EventExpectation.is_agent_handoff` holds of."""
        __tracebackhide__ = True
        found: EventExpectation[AgentHandoffEvent] = self._first("agent_handoff", new_agent=new_agent, old_agent=old_agent)
        return found


class RunExpectation(EventRange, EventWalk[EventExpectation[RunEvent], EventRange]):
    """All events of a run, gone through from the first on; each method that steps moves on to the next.

    ``expect[i]`` is one of them (from the end where negative), ``expect[i:j]`` some.
    """

    SOME = EventRange

    def next_event(self, *, type: str | None = None) -> EventExpectation[RunEvent]:  # noqa: A002 - the field's word
        """The next event; with ``type`` ("message", "function_call", "function_call_output", "agent_handoff") the next of that."""
        __tracebackhide__ = True
        return self._step_to(type)

    def skip_next_event_if(self, *, type: str, **wanted: Any) -> EventExpectation[RunEvent] | None:  # noqa: A002, ANN401 - see `next_event`
        """Go past the next event if it is a ``type`` that has what is ``wanted`` (the keywords of its ``is_…``); else None, and stay."""
        found: EventExpectation[RunEvent] | None = self._step_if(type, **wanted)
        return found
