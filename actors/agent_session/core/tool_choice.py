"""Which tools the model is offered in a reply, and whether it has to call one.

A program may name the tools of one reply and choose (`GenerateReply`). The names hold for all its rounds, the choice for the first one: a
model that were told the same again with the results would call for ever. Only ``none`` holds for all of them. So does the peer
(livekit-agents), and so means OpenAI's API it. What the choice asks for may be gone when the reply's turn comes, since another agent has
the call by then: the model is free then, where it would be refused otherwise.
"""

from collections.abc import Collection, Iterable

from actors.agent_session.core.memory import Turn
from actors.agent_session.core.state import SessionConfig
from protocols import FunctionChoice, GenerateReply, ToolChoice, UsageError


def permitted(setup: SessionConfig, turn: Turn) -> tuple[str, ...]:
    """The tools that the model may call in ``turn``, in their order."""
    return () if turn.tool_choice is ToolChoice.NONE else _named(setup, turn.tools)


def offered(setup: SessionConfig, turn: Turn) -> frozenset[str]:
    """The tools that it is told of in the next round: none after the last that may call any, unless it may be told to call none."""
    if setup.program:
        return frozenset(_named(setup, turn.tools))
    return frozenset(_named(setup, turn.tools)) if _rounds(turn) < setup.max_tool_rounds else frozenset()


def choice(setup: SessionConfig, turn: Turn, *, leaves: bool = False) -> ToolChoice | FunctionChoice:
    """Whether it has to call one of these in that round; none of them where its agent ``leaves`` the call."""
    tools = offered(setup, turn)
    spent = setup.program and _rounds(turn) > setup.max_tool_rounds
    if turn.tool_choice is ToolChoice.NONE or spent or leaves or answers_progress(turn):
        return ToolChoice.NONE
    if turn.tool_choice is ToolChoice.AUTO or _rounds(turn) or not tools:
        return ToolChoice.AUTO
    if not turn.required_tool:
        return ToolChoice.REQUIRED
    return FunctionChoice(name=turn.required_tool) if turn.required_tool in tools else ToolChoice.AUTO


def answers_progress(turn: Turn) -> bool:
    """Whether the next round only answers how far tools are that go on: a model that could would call them again instead."""
    newest = {call.call_id for call in turn.rounds[-1].calls} if turn.rounds and turn.rounds[-1].ended else set()
    answered = [outcome for outcome in turn.outcomes if outcome.call_id in newest and outcome.reply]
    return bool(answered) and all(outcome.detached for outcome in answered)


def tools_refusal(setup: SessionConfig, command: GenerateReply) -> UsageError | None:
    """Why the agent cannot do so; None if it can."""
    tools = _named(setup, command.tools)
    unknown = sorted({*(command.tools or ()), *filter(None, (command.required_tool,))}.difference(setup.tools))
    if unknown:
        return UsageError(f"the agent has no tool {unknown[0]!r:.80} (it has: {_listed(setup.tools)}): name one of these")
    if command.required_tool and command.tool_choice is not ToolChoice.REQUIRED:
        return UsageError(f"required_tool={command.required_tool!r:.80} with tool_choice={command.tool_choice}: it has to be required")
    if command.tool_choice is ToolChoice.REQUIRED and not tools:
        return UsageError("tool_choice requires a tool, and none is offered: name some, or choose auto")
    if command.required_tool and command.required_tool not in tools:
        return UsageError(f"tool_choice requires {command.required_tool!r:.80}, which is not offered ({_listed(tools)}): add it to tools")
    return None


def _named(setup: SessionConfig, names: Collection[str] | None) -> tuple[str, ...]:
    return setup.tools if names is None else tuple(name for name in setup.tools if name in names)


def _rounds(turn: Turn) -> int:
    return sum(round_.ended for round_ in turn.rounds)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
