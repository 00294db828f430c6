"""Tests of agents: a call in this process, in virtual time, with scripted models, whose process may die at any moment.

Part of livekitex-agent. ``docs/testing.md`` shows how.

::

    async with TestSession(agent) as session:
        result = await session.run(user_input="What is the price of a pizza?")
        result.expect.next_event().is_function_call(name="price", arguments={"product": "pizza"})
        result.expect.contains_message(role="assistant")
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from livekitex_agent.testing.caller import Utterance
    from livekitex_agent.testing.expectations import EventExpectation, EventRange, RunExpectation
    from livekitex_agent.testing.run_events import AgentHandoffEvent, FunctionCallEvent, FunctionCallOutputEvent, MessageEvent, RunEvent
    from livekitex_agent.testing.run_result import RunResult
    from livekitex_agent.testing.session import TestSession

__all__ = [
    "AgentHandoffEvent",
    "EventExpectation",
    "EventRange",
    "FunctionCallEvent",
    "FunctionCallOutputEvent",
    "MessageEvent",
    "RunEvent",
    "RunExpectation",
    "RunResult",
    "TestSession",
    "Utterance",
]

_WHERE: Final = {
    "AgentHandoffEvent": "livekitex_agent.testing.run_events",
    "EventExpectation": "livekitex_agent.testing.expectations",
    "EventRange": "livekitex_agent.testing.expectations",
    "FunctionCallEvent": "livekitex_agent.testing.run_events",
    "FunctionCallOutputEvent": "livekitex_agent.testing.run_events",
    "MessageEvent": "livekitex_agent.testing.run_events",
    "RunEvent": "livekitex_agent.testing.run_events",
    "RunExpectation": "livekitex_agent.testing.expectations",
    "RunResult": "livekitex_agent.testing.run_result",
    "TestSession": "livekitex_agent.testing.session",
    "Utterance": "livekitex_agent.testing.caller",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Load a name when it is first asked for: who has a fake in a real call needs nothing else of it."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)
