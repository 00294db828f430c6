"""A tool that hands the call to another agent: it returns that agent, or the agent and its result, or says so to its `RunContext`."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeGuard, runtime_checkable


@runtime_checkable
class SupportsHandOff(Protocol):
    """What a call can be handed to: an agent, which travels as plain data."""

    def to_wire(self) -> Mapping[str, Any]:
        """The agent as it travels."""
        ...


def is_agent(value: object) -> TypeGuard[SupportsHandOff]:
    """Whether a call can be handed to ``value``: an agent, and not the class of one."""
    return isinstance(value, SupportsHandOff) and not isinstance(value, type)


def split_hand_off(result: object) -> tuple[SupportsHandOff | None, object]:
    """What a tool returned, as the agent that it hands the call to (None: to nobody) and the result that the model is told."""
    if is_agent(result):
        return result, ""
    match result:
        case (agent, told) if isinstance(result, tuple) and is_agent(agent):
            return agent, told
        case _:
            return None, result
