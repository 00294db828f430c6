"""Turns within turns: one whose tools run gives up the floor to what is said meanwhile, and comes back when they have ended.

A program's tool may have the agent speak and await it (`say`, `generate_reply`), or have another agent enter, which talks with the caller
before the tool goes on. So a turn is suspended once its words were heard, or it is settled how many were of one that is being stopped, and
only its tools are at work; if something waits to be said, or an agent has entered for it. What a tool did not await waits, too, when all
have returned: it is said before the turn goes on (see `tool_reply`). Until then, and beyond `MAX_SUSPENDED`, all waits for its end.

While it is suspended the program's speeches have turns of their own; the caller's, and texts, wait for it, unless an agent has entered:
then that has the conversation. The newest whose tools have ended comes back where nothing of the program waits to be said: it leaves what
has entered in it, and the model is asked with the results. Its items stand in the history where their times put them.

A call that is to end does so once nothing waits to be said: it does not wait for a tool that waits for an agent which has entered.

After a death nobody waits for what the tools were to find out: their outcomes are unknown, and each suspended turn comes back after the
one that is open.
"""

from dataclasses import replace
from math import inf, nextafter
from typing import Final

from actors.agent_session.core.caller import understand
from actors.agent_session.core.closing import close_turn
from actors.agent_session.core.commands import take_up, waits_to_be_said
from actors.agent_session.core.deadlines import is_overdue
from actors.agent_session.core.detached import answer_if_due, may_answer
from actors.agent_session.core.entries import TurnResumed, TurnSuspended
from actors.agent_session.core.interruption import open_after, stop_suspended
from actors.agent_session.core.memory import Heard, Turn, TurnSource
from actors.agent_session.core.playback import finished
from actors.agent_session.core.rounds import returned, tell_replies
from actors.agent_session.core.state import Aside, Interruption, Measures
from actors.agent_session.core.thinking import leave
from actors.agent_session.core.tools import run_next, settle_all, settle_unknown
from actors.agent_session.core.transition import Transition
from actors.agent_session.core.turns import say_prepared
from protocols import AgentEvent, CancelResponse, CommandDone, InterruptedBy, TurnFailed, UserState

MAX_SUSPENDED: Final = 8
"""Turns that are suspended at a time; what would suspend one more waits for the end of the one that is open."""


def suspend_if_due(step: Transition) -> bool:
    """Suspend the open turn if somebody waits for the floor, and its tools are at work or have just returned; tells whether it was so."""
    state, turn = step.state, step.turn
    heard = _heard(step)
    works, back = only_tools_work(step), returned(step) and (bool(step.memory.handing_to) or not turn.written)
    if not step.setup.program or heard is None or not (works or back) or len(step.memory.suspended) >= MAX_SUSPENDED:
        return False
    if state.loading and not waits_to_be_said(step, leaving=True):
        return False
    entered = len(step.memory.agents) > turn.agents
    free = state.user is UserState.LISTENING or state.interruption is not None
    waits = free and waits_to_be_said(step)
    if not waits and not (works and (entered or may_answer(step))):
        return False
    finished(step, turn, interrupted=state.interruption is not None)
    for accepted in step.memory.inbox:
        if isinstance(accepted.command, CancelResponse):
            step.publish(CommandDone(command_id=accepted.command_id))
    stopped_by, after = (None, None) if state.interruption is None else (state.interruption.by, state.interruption.after)
    tell_replies(step, turn, heard)
    step.record(TurnSuspended(sentences=heard.sentences, tail=heard.tail, stopped_by=stopped_by))
    aside = Aside(turn_id=turn.turn_id, after=None if entered else after, asked_s=state.asked_s, measures=state.measures)
    step.state = replace(
        step.state, played=0, expected=(), interruption=None, asked_s=None, measures=Measures(), aside=(*step.state.aside, aside)
    )
    step.move_agent(AgentEvent.TURN_ENDED)
    if back:  # the history has what is said now behind what the tools came to
        step.now = replace(step.now, wall_s=nextafter(step.now.wall_s, inf))
    if entered and after is not None:
        open_after(step, after)  # whatever he meant to stop: he speaks to the agent that has entered
    return True


def only_tools_work(step: Transition) -> bool:
    """Whether nothing of a program's open turn is at work but its tools."""
    runs = any(call.call_id in step.state.running for call in step.turn.waiting_calls)
    return step.setup.program and runs and _heard(step) is not None


def go_on(step: Transition) -> bool:
    """Where nobody has the turn, and some are suspended: open the next; tells whether the conversation moved."""
    if step.state.recognizing or step.state.asking:
        return False
    coming = ready(step)
    if step.memory.entered and coming is None:
        if not step.memory.ending:
            return understand(step) or take_up(step) or answer_if_due(step)
        return take_up(step) or _abandon(step, step.memory.suspended[-1])
    if take_up(step, nested=True) or answer_if_due(step):
        return True
    return coming is not None and _resume(step, coming)


def ready(step: Transition) -> Turn | None:
    """The newest suspended turn whose tools have ended; an older one may not take the agent away from a newer one."""
    agents = 0
    for turn in reversed(step.memory.suspended):
        agents = max(agents, turn.agents)
        if turn.agents >= agents and not any(call.call_id in step.state.running for call in turn.waiting_calls):
            return turn
    return None


def take_up_suspended(step: Transition) -> None:
    """After a restart: what their tools came to is unknown, and what is overdue is not gone on with."""
    for turn in step.memory.suspended:
        settle_unknown(step, turn)
        if turn.stopped_by is None and is_overdue(turn.deadline_wall_s, step.now):
            stop_suspended(step, turn, InterruptedBy.DEADLINE)


def close_suspended(step: Transition) -> None:
    """Give up all that are suspended: nothing more is said in them."""
    for turn in reversed(step.memory.suspended):
        _open_again(step, turn)
        settle_all(step)
        close_turn(step, turn.heard or Heard())


def give_up(step: Transition, heard: Heard) -> None:
    """Give up the open turn, of which the session died too often."""
    turn = step.turn
    step.publish(TurnFailed(turn_id=turn.turn_id, text=turn.text, reason=turn.failure))
    settle_all(step)
    close_turn(step, heard)
    if turn.source not in (TurnSource.GREETING, TurnSource.SAY, TurnSource.REPEAT, TurnSource.APOLOGY):
        say_prepared(step, TurnSource.APOLOGY)


def _heard(step: Transition) -> Heard | None:
    """How much of the reply was heard, if that is settled: all of it, or what was until it was stopped."""
    state, sentences = step.state, len(step.turn.sentences)
    if state.interruption is not None:
        return state.interruption.heard
    return Heard(sentences=sentences) if not state.held and (not step.setup.voice or state.played >= sentences) else None


def _resume(step: Transition, turn: Turn) -> bool:
    """Go on with a suspended turn; where an agent has entered in it, that leaves first."""
    if not step.memory.ending and (levels := len(step.memory.agents) - turn.agents) > 0:
        leave(step, levels)
        return False
    after = _open_again(step, turn).after
    heard = turn.heard or Heard()
    if turn.failed:
        give_up(step, heard)
        return True
    if turn.stopped_by is not None:
        step.state = replace(step.state, interruption=Interruption(by=turn.stopped_by, heard=heard, after=after))
        step.move_agent(AgentEvent.INTERRUPTED)
    run_next(step)
    return True


def _abandon(step: Transition, turn: Turn) -> bool:
    """The call ends, so nobody talks any more with the agent that has entered: do not wait for the tools that wait for that."""
    stop_suspended(step, turn, InterruptedBy.PROGRAM)
    step.state = replace(step.state, running=step.state.running - {call.call_id for call in turn.waiting_calls})
    settle_unknown(step, turn)
    return True


def _open_again(step: Transition, turn: Turn) -> Aside:
    step.record(TurnResumed(turn_id=turn.turn_id))
    step.move_agent(AgentEvent.TURN_TAKEN)
    known = next((aside for aside in step.state.aside if aside.turn_id == turn.turn_id), Aside(turn_id=turn.turn_id))
    step.state = replace(
        step.state,
        played=(turn.heard or Heard()).sentences,
        as_text=False,
        expected=(),
        asked_s=known.asked_s,
        measures=known.measures,
        aside=tuple(aside for aside in step.state.aside if aside is not known),
    )
    return known
