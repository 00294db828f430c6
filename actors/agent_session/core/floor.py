"""The floor: what a tool holds that speaks with the caller by itself (`RunContext.foreground` of LiveKit Agents).

It is given to one at a time, in the order of asking, once only tools are at work and what detached runs have told was told the caller. Who
has it is told nothing of theirs until it is released. It is of this incarnation alone: so are those who hold it.
"""

from dataclasses import replace
from typing import Final

from actors.agent_session.core.commands import refused, waits_to_be_said
from actors.agent_session.core.detached import is_ended, may_answer
from actors.agent_session.core.effects import Answer
from actors.agent_session.core.suspension import only_tools_work
from actors.agent_session.core.tool_inputs import FloorAsked, FloorReleased
from actors.agent_session.core.transition import Transition
from protocols import CapacityError, CommandAccepted, SessionUnavailableError, UserState

MAX_FLOOR: Final = 16
"""Those who want the floor at a time; one more is refused with `CapacityError`."""


def on_asked(step: Transition, asked: FloorAsked) -> None:
    """Somebody wants the floor."""
    if len(step.state.floor) >= MAX_FLOOR:
        refusal = CapacityError(f"{MAX_FLOOR} tools wait for the floor already: wait until one of them has had it")
        step.then(Answer(request=asked.request, message=refused(refusal)))
    else:
        step.state = replace(step.state, floor=(*step.state.floor, asked.request))


def on_released(step: Transition, released: FloorReleased) -> None:
    """Somebody has it no more, or wants it no more."""
    asked, floor = released.asked, step.state.floor
    had = step.state.floor_held and floor[:1] == (asked,)
    accepted = CommandAccepted(command_id="floor")
    if asked in floor and not had:
        step.then(Answer(request=asked, message=accepted))
    left = tuple(request for request in floor if request != asked)
    step.state = replace(step.state, floor=left, floor_held=step.state.floor_held and not had)
    step.then(Answer(request=released.request, message=accepted))


def grant_if_due(step: Transition) -> bool:
    """Give the floor to who wants it next, if it is free, or to nobody where the call is to end; tells whether the conversation moved."""
    state, turn = step.state, step.memory.turn
    if is_ended(step.memory):
        return _refuse(step, state.floor[state.floor_held :])
    busy = state.user is not UserState.LISTENING or state.loading or state.recognizing or waits_to_be_said(step)
    busy = busy or state.gathering or may_answer(step)
    if not state.floor or state.floor_held or busy or (turn is not None and not only_tools_work(step)):
        return False
    step.state = replace(state, floor_held=True)
    step.then(Answer(request=state.floor[0], message=CommandAccepted(command_id="floor")))
    return True


def _refuse(step: Transition, waiting: tuple[int, ...]) -> bool:
    for request in waiting:
        step.then(Answer(request=request, message=refused(SessionUnavailableError("the call is to end: nobody gets the floor any more"))))
    step.state = replace(step.state, floor=step.state.floor[: len(step.state.floor) - len(waiting)])
    return bool(waiting)
