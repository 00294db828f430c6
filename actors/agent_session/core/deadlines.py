"""Everything ends: a speech that is not over by its deadline ends then, whether it waits, is made, or is heard.

A deadline is a time of the wall clock, and in the journal, so it comes as well while nobody lives: the next incarnation ends what is
overdue before it goes on with anything. Within an incarnation a timer waits for the nearest one. It does not follow a clock that is set
meanwhile; where another timer, or a death, has the clock looked at again, one that was set by more than a speech may last ends it.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace

from actors.agent_session.core.closing import close_unsaid
from actors.agent_session.core.effects import After
from actors.agent_session.core.inputs import SpeechOverdue
from actors.agent_session.core.interruption import interrupt, stop_suspended
from actors.agent_session.core.state import State
from actors.agent_session.core.transition import Moment, Transition
from protocols import MAX_SPEECH_S, InterruptedBy, SpeechOutcome


def is_overdue(deadline_wall_s: float, now: Moment) -> bool:
    """Whether a deadline (0: there is none) has come, or is further away than any may be."""
    return deadline_wall_s > 0 and not 0 < deadline_wall_s - now.wall_s <= MAX_SPEECH_S


def deadlines_of(state: State) -> frozenset[float]:
    """Those of all speeches that are not over and not being stopped."""
    waiting = {accepted.deadline_wall_s for accepted in state.memory.inbox}
    turn = state.memory.turn
    if turn is not None and state.interruption is None:
        waiting.add(turn.deadline_wall_s)
    waiting |= {suspended.deadline_wall_s for suspended in state.memory.suspended if suspended.stopped_by is None}
    return frozenset(waiting - {0.0})


def wait_for(step: Transition, deadlines: AbstractSet[float]) -> None:
    """Have the nearest of these looked at when it comes, unless something is looked at before."""
    if not deadlines:
        return
    delay_s = min(MAX_SPEECH_S, max(0.0, min(deadlines) - step.now.wall_s))
    at_s = step.now.monotonic_s + delay_s
    if step.state.alarm_s is None or at_s < step.state.alarm_s:
        step.state = replace(step.state, alarm_s=at_s)
        step.do(After(delay_s=delay_s, input=SpeechOverdue()))


def on_overdue(step: Transition) -> None:
    """End what is overdue, and wait for the next."""
    step.state = replace(step.state, alarm_s=None)
    end_waiting(step)
    turn = step.memory.turn
    if turn is not None and is_overdue(turn.deadline_wall_s, step.now):
        interrupt(step, InterruptedBy.DEADLINE)
    for suspended in step.memory.suspended:
        if is_overdue(suspended.deadline_wall_s, step.now):
            stop_suspended(step, suspended, InterruptedBy.DEADLINE)
    wait_for(step, deadlines_of(step.state))


def end_waiting(step: Transition) -> None:
    """End those that wait to be said and are overdue."""
    for accepted in step.memory.inbox:
        if is_overdue(accepted.deadline_wall_s, step.now):
            close_unsaid(step, accepted, SpeechOutcome.EXPIRED)
