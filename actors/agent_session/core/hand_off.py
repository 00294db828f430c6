"""Handing the call to another agent.

A tool that returns an agent wishes it: its result and that wish are one fact (`entries.ToolEnded`). Where the agent is plain data, what it
needs is loaded before the model is asked again (`thinking.think`); then the hand-off is a fact (`entries.HandedOff`), and the turn goes on
with the new agent: with its greeting, or else with its model. A program's agent first answers with the tool's result, if that needs an
answer, and calls no further tools; when the turn is over the new one is loaded, and speaks by itself. A death in between finds the wish,
and loads again.

A program may change the agent outside of tools, too (`AgentWanted`): replace it, or have another one enter on top of it and leave again.
What replaces an agent, or leaves, waits until that has no turn and its tools have ended; what enters does not wait for a turn whose tools
run, since one of them awaits it. Where an agent cannot be loaded, the call stays with the one that it has.
"""

from dataclasses import replace
from typing import Any, Final

from actors.agent_session.core.added_items import tell_added
from actors.agent_session.core.closing import take_changed_tools
from actors.agent_session.core.commands import refused
from actors.agent_session.core.effects import Answer
from actors.agent_session.core.entries import HandedOff, ToolsUpdated
from actors.agent_session.core.inputs import AgentFailed, AgentReady, AgentWanted, ToolsChanged
from actors.agent_session.core.memory import MAX_DEATHS_IN_STEP, AgentChange, Memory, died_in
from actors.agent_session.core.state import Wanted
from actors.agent_session.core.subscribers import open_output
from actors.agent_session.core.thinking import end_reply_with, load, think
from actors.agent_session.core.transition import Transition
from actors.agent_session.core.written_text import written_sentences
from protocols import (
    AgentChanged,
    AgentConfigUpdate,
    AgentHandoff,
    CapacityError,
    ChatContext,
    CommandAccepted,
    LivekitexError,
    MessageTooLargeError,
    SessionError,
    SessionUnavailableError,
    UsageError,
)

MAX_WANTED: Final = 8
"""Agents that wait to be loaded; one more is refused with `CapacityError`."""
MAX_AGENTS: Final = 16
"""Agents that have entered and not left; one more is refused with `CapacityError`."""
MAX_AGENT_BYTES: Final = 256_000
"""Of an agent as JSON: it stands in the journal."""
_OWN: Final = ("audio_in", "voice_rate_hz", "resume_false_interruption", "min_interruption_words", "preemptive_generation")


def on_wanted(step: Transition, wanted: AgentWanted) -> None:
    """The program wants another agent: it is loaded as soon as it may be, after those that were wanted before."""
    refusal = _refusal(step, wanted)
    if refusal is None:
        queued = Wanted(request=wanted.request, agent=wanted.agent, change=wanted.change)
        step.state = replace(step.state, wanted=(*step.state.wanted, queued))
    else:
        step.then(Answer(request=wanted.request, message=refused(refusal)))


def load_if_due(step: Transition) -> None:
    """Load the agent that is wanted next, if it may have the call by now."""
    if step.state.loading:
        return
    while step.state.wanted and _may_begin(step, step.state.wanted[0]):
        first, *others = step.state.wanted
        step.state = replace(step.state, wanted=tuple(others))
        if (refusal := _late_refusal(step.memory, first)) is None:
            _load(step, first)
            return
        step.then(Answer(request=first.request, message=refused(refusal)))
    if step.setup.program and step.memory.handing_to and step.memory.turn is None and not step.memory.ending:
        if any(outcome.hands_off for turn in step.memory.suspended for outcome in turn.outcomes) or _tools_go_on(step):
            return  # these are over first
        load(step, step.memory.handing_to)


def drop_deadly(step: Transition) -> None:
    """After a restart: do not load the agent again that several incarnations in a row died of."""
    deaths = step.memory.handing_deaths
    if step.memory.handing_to and deaths >= MAX_DEATHS_IN_STEP:
        step.record(HandedOff(done=False))
        step.publish(SessionError(source="agent", text=died_in("loading an agent", deaths), retryable=False))


def on_ready(step: Transition, ready: AgentReady) -> None:
    """The agent is loaded: it has the call, also if the turn that it was loaded for is over."""
    if ready.token != step.state.loading:
        return
    before, changing = step.setup, step.state.changing
    after = replace(
        before,
        agent=ready.agent,
        instructions=ready.instructions,
        tools=ready.tools,
        idempotent=ready.idempotent,
        models=ready.models,
        tokens=ready.tokens,
        **_own(ready),
    )
    step.state = replace(step.state, setup=after, loading=0, changing=None, tools_changed=None)
    if after.voice and not before.voice:
        open_output(step)
    history = step.memory.history
    fact = HandedOff(done=True, old_agent=before.agent, new_agent=after.agent, wall_s=step.now.wall_s)
    if after.program:
        fact = replace(fact, instructions=ready.instructions, tools=tuple(sorted(ready.tools)), context=ready.context)
    step.record(fact if changing is None else _made_by(fact, changing))
    tell_added(step, history)
    step.publish(AgentChanged(old=before.agent, new=after.agent))
    if changing is not None and changing.request:
        step.then(Answer(request=changing.request, message=CommandAccepted(command_id=changing.change)))
    if ready.token != step.state.thinking:
        return
    if not ready.greeting or step.setup.program:
        think(step)
        return
    sentences, space = written_sentences(ready.greeting)
    end_reply_with(step, *sentences, space=space)


def on_failed(step: Transition, failed: AgentFailed) -> None:
    """It cannot be loaded: the agent that has the call goes on."""
    if failed.token != step.state.loading:
        return
    changing = step.state.changing
    step.state = replace(step.state, loading=0, changing=None)
    if changing is None:
        step.record(HandedOff(done=False))
    elif changing.change is AgentChange.LEAVE:
        step.record(_made_by(HandedOff(done=False), changing))
    step.publish(SessionError(source="agent", text=failed.text, retryable=False))
    if changing is not None and changing.request:
        step.then(Answer(request=changing.request, message=refused(UsageError(failed.text))))
    if failed.token == step.state.thinking:
        think(step)


def on_tools(step: Transition, changed: ToolsChanged) -> None:
    """The agent has other tools from its next turn on; the history shows which, unless it does already: a life before had them, too."""
    told = _told_tools(step.memory.history)
    before, after = frozenset((step.state.tools_changed or step.setup).tools) if told is None else told, frozenset(changed.tools)
    step.state = replace(step.state, tools_changed=changed)
    take_changed_tools(step)
    if before != after:
        history = step.memory.history
        step.record(ToolsUpdated(added=tuple(sorted(after - before)), removed=tuple(sorted(before - after)), wall_s=step.now.wall_s))
        tell_added(step, history)


def _told_tools(history: ChatContext) -> frozenset[str] | None:
    """The tools that the agent that has the call has by what the history shows; None if it does not show where that got the call."""
    updates: list[AgentConfigUpdate] = []
    for item in reversed(history.items):
        if isinstance(item, AgentConfigUpdate):
            updates.append(item)
        elif isinstance(item, AgentHandoff) and updates:
            tools: set[str] = set()
            for update in reversed(updates):
                tools = (tools | {*update.tools_added}) - {*update.tools_removed}
            return frozenset(tools)
        elif isinstance(item, AgentHandoff):
            return None
    return None


def _own(ready: AgentReady) -> dict[str, Any]:
    """What the agent has of its own of what is otherwise the call's."""
    own = {name: getattr(ready, name) for name in _OWN if getattr(ready, name) is not None}
    if ready.voice_rate_hz is not None:
        own["voice"] = ready.voice_rate_hz > 0
    return own


def _load(step: Transition, wanted: Wanted) -> None:
    leaving = wanted.change is AgentChange.LEAVE
    load(step, step.memory.agents[-wanted.levels] if leaving else wanted.agent)
    step.state = replace(step.state, changing=wanted)


def _made_by(fact: HandedOff, wanted: Wanted) -> HandedOff:
    return replace(fact, change=wanted.change, agent=wanted.agent, levels=wanted.levels)


def _may_begin(step: Transition, wanted: Wanted) -> bool:
    """Whether the agents whose turn is open do not stand in its way."""
    turn, agents = step.memory.turn, step.memory.agents
    match wanted.change:
        case AgentChange.ENTER:
            return turn is None or bool(turn.waiting_calls)
        case AgentChange.LEAVE:
            return (turn is None or turn.agents < len(agents)) and not _tools_go_on(step)
        case AgentChange.REPLACE:
            return turn is None and (step.memory.entered or not step.memory.suspended) and not _tools_go_on(step)


def _tools_go_on(step: Transition) -> bool:
    """Whether tools of the agent that has the call go on without a turn."""
    return any(run.agents == len(step.memory.agents) and run.call.call_id in step.state.running for run in step.memory.detached)


def _refusal(step: Transition, wanted: AgentWanted) -> LivekitexError | None:
    if step.memory.closed:
        return SessionUnavailableError("the call has ended: no agent takes it up any more")
    if len(step.state.wanted) >= MAX_WANTED:
        return CapacityError(f"{MAX_WANTED} agents wait to be loaded already: wait until one of them has the call")
    if (size := len(wanted.agent.encode())) > MAX_AGENT_BYTES:
        return MessageTooLargeError(f"the agent has {size} bytes, the limit is {MAX_AGENT_BYTES}: shorten it")
    if not wanted.agent and wanted.change is not AgentChange.LEAVE:
        return UsageError("no agent is given: say which one is to have the call")
    return None


def _late_refusal(memory: Memory, wanted: Wanted) -> LivekitexError | None:
    """Of one whose turn it is: what it found may have changed since it was wanted."""
    if wanted.change is AgentChange.LEAVE and len(memory.agents) < wanted.levels:
        return UsageError("no agent has entered that could leave")
    if wanted.change is AgentChange.ENTER and len(memory.agents) >= MAX_AGENTS:
        return CapacityError(f"{MAX_AGENTS} agents have entered and not left: let one leave before")
    return None
