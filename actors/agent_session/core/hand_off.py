"""Handing the call to another agent.

A tool that returns an agent wishes it: its result and that wish are one fact (`entries.ToolEnded`). Before the model is asked again
(`thinking.think`), what that agent needs is loaded; then the hand-off is a fact (`entries.HandedOff`), and the turn goes on with the new
agent: with its greeting, or else with its model. Where it cannot be loaded, the call stays with the agent that it has. A death in between
finds the wish, and loads again.
"""

from dataclasses import replace

from actors.agent_session.core.added_items import tell_added
from actors.agent_session.core.entries import HandedOff
from actors.agent_session.core.inputs import AgentFailed, AgentReady
from actors.agent_session.core.thinking import end_reply_with, think
from actors.agent_session.core.transition import Transition
from protocols import AgentChanged, SessionError


def on_ready(step: Transition, ready: AgentReady) -> None:
    """The agent is loaded: it has the call, also if the turn that it was loaded for is over."""
    if ready.token != step.state.loading:
        return
    before = step.setup
    after = replace(
        before,
        agent=ready.agent,
        instructions=ready.instructions,
        tools=ready.tools,
        idempotent=ready.idempotent,
        models=ready.models,
        tokens=ready.tokens,
    )
    step.state = replace(step.state, setup=after, loading=0)
    history = step.memory.history
    step.record(HandedOff(done=True, old_agent=before.agent, new_agent=after.agent, wall_s=step.now.wall_s))
    tell_added(step, history)
    step.publish(AgentChanged(old=before.agent, new=after.agent))
    if ready.token != step.state.thinking:
        return
    if not ready.greeting:
        think(step)
        return
    end_reply_with(step, *ready.greeting)


def on_failed(step: Transition, failed: AgentFailed) -> None:
    """It cannot be loaded: the agent that has the call goes on."""
    if failed.token != step.state.loading:
        return
    step.state = replace(step.state, loading=0)
    step.record(HandedOff(done=False))
    step.publish(SessionError(source="agent", text=failed.text, retryable=False))
    if failed.token == step.state.thinking:
        think(step)
