"""Who has the call, what it knows of the conversation, and what it was told of itself: the part of the fold that is about agents."""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from actors.agent_session.core.chat import appended, handoff_item, known_to_agent, without_calls_of, without_open_turns
from actors.agent_session.core.entries import AgentBegan, HandedOff
from actors.agent_session.core.memory import LONG_AGO, AgentChange, Memory, TurnHandoff, TurnSource
from protocols import AgentConfigUpdate, AgentHandoff, ChatContext, ChatItem


def handed_off(memory: Memory, entry: HandedOff) -> Memory:
    """Which agent has the call, and which stand below it."""
    below = memory.agents[: -entry.levels]
    match entry.change:
        case AgentChange.REPLACE if not entry.agent:  # a tool wished it
            decided = replace(memory, handing_to="", handing_deaths=0)
            if not entry.done:
                return decided
            known = memory.known if entry.instructions is None else entry.context
            return _configured(_tool_handed_off(replace(decided, agent=memory.handing_to, instructions=None, known=known), entry), entry)
        case AgentChange.LEAVE if not entry.done or not memory.agents:
            return replace(memory, agents=below)
        case AgentChange.ENTER | AgentChange.REPLACE if not entry.done:
            return memory
        case AgentChange.LEAVE:
            after = replace(_known_again(memory, entry.levels), agent=memory.agents[-entry.levels], agents=below)
        case AgentChange.ENTER:
            known_below = (*memory.known_below, known_to_agent(memory))
            after = replace(memory, agent=entry.agent, agents=(*memory.agents, memory.agent), known=entry.context, known_below=known_below)
        case AgentChange.REPLACE:
            after = replace(memory, agent=entry.agent, known=entry.context)
        case _:
            assert_never(entry.change)
    item = AgentHandoff(
        id=f"handoff-{memory.next_event}", created_at=max(LONG_AGO, entry.wall_s), old_agent=entry.old_agent, new_agent=entry.new_agent
    )
    return _configured(replace(after, instructions=None, history=appended(memory.history, (item,))), entry)


def _known_again(memory: Memory, levels: int) -> Memory:
    """What an agent knows that has the call again: what it knew, and what was said to those that it had given it to."""
    if len(memory.known_below) < levels:
        return replace(memory, known=None, known_below=())
    known = memory.known_below[-levels]
    for entered in (*memory.known_below[len(memory.known_below) - levels + 1 :], known_to_agent(memory)):
        known = known.merge(entered, exclude_function_call=True, exclude_instructions=True)
    return replace(memory, known=without_open_turns(known, memory), known_below=memory.known_below[:-levels])


def _configured(memory: Memory, entry: HandedOff | AgentBegan) -> Memory:
    """What a program's agent is told of itself stands in the history."""
    if entry.instructions is None:
        return memory
    level = f".{len(memory.agents)}" if memory.agents else ""  # who enters before anything has happened is told of apart
    item = AgentConfigUpdate(
        id=f"config-{memory.next_event}{level}",
        created_at=max(LONG_AGO, entry.wall_s),
        instructions=entry.instructions,
        tools_added=entry.tools,
    )
    return with_config(memory, item)


def known_anew(memory: Memory, context: ChatContext, wall_s: float) -> Memory:
    """The agent knows ``context`` from now on; the open turn goes on with what it began with, and is not a part of what is put there."""
    turn = memory.turn
    if turn is not None and turn.context is None and (turn.source is not TurnSource.AUDIO or turn.hooked_wall_s):
        turn = replace(turn, context=known_to_agent(memory), hooked_wall_s=max(turn.hooked_wall_s, wall_s, LONG_AGO))
    return replace(memory, turn=turn, known=without_open_turns(context, memory))


def with_config(memory: Memory, item: AgentConfigUpdate) -> Memory:
    """What an agent is told of itself anew stands in the history, and in what that agent knows."""
    known = None if memory.known is None else appended(memory.known, (item,))
    return replace(memory, history=appended(memory.history, (item,)), known=known)


def agent_began(memory: Memory, entry: AgentBegan) -> Memory:
    """The first agent has the call."""
    item = AgentHandoff(id=f"handoff-{memory.next_event}", created_at=max(LONG_AGO, entry.wall_s), new_agent=entry.agent)
    return _configured(replace(memory, history=appended(memory.history, (item,)), known=entry.context), entry)


def _tool_handed_off(memory: Memory, entry: HandedOff) -> Memory:
    """The hand-off stands in the open turn where it happened; outside of turns, and from then on, in the history."""
    if not entry.new_agent:
        return memory
    turn = memory.turn
    rounds = 0 if turn is None else sum(round_.ended for round_ in turn.rounds)
    handoff = TurnHandoff(rounds=rounds, old_agent=entry.old_agent, new_agent=entry.new_agent, wall_s=entry.wall_s)
    if turn is not None:
        return replace(memory, turn=replace(turn, handoffs=(*turn.handoffs, handoff)))
    return replace(memory, history=appended(memory.history, (handoff_item(f"turn-{memory.turns}", 1, handoff),)))


def without_removed(memory: Memory, updates: Iterable[ChatItem]) -> Memory:
    """The agent knows no calls any more of tools that ``updates`` have taken from it; until its turn is over it does."""
    removed = [name for update in updates if isinstance(update, AgentConfigUpdate) for name in update.tools_removed]
    return replace(memory, known=without_calls_of(known_to_agent(memory), removed)) if removed else memory
