"""When the caller is not listened to: his voice takes no turn then and stops nothing, and what he says is gone."""

from collections.abc import Collection
from enum import StrEnum


class MuteStrategy(StrEnum):
    """While what the caller is muted."""

    FIRST_SPEECH = "first_speech"
    """The first thing that the agent says in the call, from its beginning to its end."""
    TOOLS = "tools"
    """A tool runs."""
    ALWAYS = "always"
    """The agent has the turn at all."""


def is_muted(strategies: Collection[MuteStrategy], *, agent_has_turn: bool, first_turn: bool, tools_run: bool) -> bool:
    """Whether a caller who begins to speak now is muted; what he began before goes on to be heard."""
    first = first_turn and MuteStrategy.FIRST_SPEECH in strategies
    tools = tools_run and MuteStrategy.TOOLS in strategies
    return agent_has_turn and (first or tools or MuteStrategy.ALWAYS in strategies)
