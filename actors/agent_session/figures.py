"""A session in figures, for `GetFigures`."""

from typing import Any

from actors.agent_session.core import State


def session_figures(state: State, seconds_in: float, seconds_out: float) -> dict[str, Any]:
    """What a session has done so far, with ``seconds_in`` of the caller's audio and ``seconds_out`` of its own."""
    memory = state.memory
    return {
        "call_id": state.setup.call_id,
        "state": str(state.phase),
        "incarnation": memory.incarnation,
        "turns": memory.turns,
        "tool_calls": memory.calls,
        "events": memory.next_event - 1,
        "subscribers": len(state.subscribers),
        "seconds_in": round(seconds_in, 3),
        "seconds_out": round(seconds_out, 3),
    }
