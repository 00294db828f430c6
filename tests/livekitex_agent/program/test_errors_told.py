"""Failures of providers as events of a session: who tells them, and how many it bears."""

from typing import Any

import pytest

from livekitex_agent import AgentSession
from livekitex_agent.llm import LLMError
from livekitex_agent.program.errors_told import ErrorsTold
from livekitex_agent.utils.event_emitter import EventEmitter
from protocols import AgentStateChanged, EventPushed, ProviderError, SessionError, SessionEvent


def pushed(event: SessionEvent) -> EventPushed:
    return EventPushed(call_id="c", number=1, incarnation=1, wall_s=5.0, turn_id="", speech_id="", event=event)


def failure(*, recoverable: bool = False) -> LLMError:
    return LLMError(timestamp=1.0, label="m", error=ValueError("no"), recoverable=recoverable)


class Told:
    """A session's errors."""

    def __init__(self, bound: int | None = None) -> None:
        self.events: list[Any] = []
        self.closed: list[Any] = []
        session: AgentSession[Any] = AgentSession()
        session.on("error", self.events.append)
        self.errors = ErrorsTold(session, bound, self.closed.append)

    def happened(self, event: SessionEvent, given: object = None) -> None:
        self.errors.tell(pushed(event), lambda _kind: given)


def test_a_provider_of_the_programs_tells_its_failures_once() -> None:
    told, model = Told(), EventEmitter[str]()
    told.errors.heard.listen(model)
    told.errors.heard.listen(model)
    model.emit("error", failure(recoverable=True))
    told.happened(SessionError(source="llm", text="no", retryable=False), model)
    assert [(event.error.recoverable, event.source is model) for event in told.events] == [(True, True)]
    told.errors.heard.stop()
    model.emit("error", failure())
    assert len(told.events) == 1


@pytest.mark.parametrize("kind", ["llm", "stt", "tts"])
def test_of_ours_the_call_tells_what_costs_a_reply(kind: str) -> None:
    told = Told()
    told.happened(SessionError(source=kind, text="no", retryable=True), given="openai:m")
    (event,) = told.events
    assert (event.error.type, event.error.recoverable, event.source) == (f"{kind}_error", False, "openai:m")
    assert isinstance(event.error.error, ProviderError)


def test_other_parts_are_told_by_name_and_the_program_is_not_told_of_itself() -> None:
    told = Told()
    told.happened(SessionError(source="journal", text="full", retryable=True))
    told.happened(SessionError(source="program", text="mine", retryable=False))
    assert [(event.source, event.error) for event in told.events] == [("journal", "full")]


def test_more_failures_than_it_bears_close_a_session_and_a_success_counts_anew() -> None:
    told, model = Told(bound=1), EventEmitter[str]()
    told.errors.heard.listen(model)
    model.emit("error", failure())
    told.happened(AgentStateChanged(old="thinking", new="speaking"))
    model.emit("error", failure(recoverable=True))
    model.emit("error", failure())
    assert told.closed == []
    model.emit("error", failure())
    model.emit("error", failure())
    assert len(told.closed) == 1
