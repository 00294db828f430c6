"""What is told of one answer of the model in a reply of several: its text, once it was heard, and what its tools came to.

A program is told the text of each answer as an item of its own, before the outcomes of the calls that came with it, and its model is asked
again after both. Everybody else is told a reply's items when it is over.
"""

from typing import Final

from actors.agent_session.core.added_items import tell_items
from actors.agent_session.core.chat import settled
from actors.agent_session.core.entries import AnswerTold, HandedOff
from actors.agent_session.core.item_metrics import measure_answer
from actors.agent_session.core.memory import Heard, Turn
from actors.agent_session.core.transition import Transition
from protocols import AgentEvent, AgentState, ChatMessage, ExecutedCall, FunctionToolsExecuted, Role, SessionError

SEVERAL_AGENTS: Final = "tools of one answer hand the call to several agents: it stays with the one that has it"


def rounds_heard(step: Transition) -> bool:
    """Whether all that is written of the open turn was heard, and nobody stops it."""
    state = step.state
    if state.interruption is not None or state.held:
        return False
    return not step.setup.voice or state.played >= len(step.turn.sentences)


def tell_heard(step: Transition) -> bool:
    """Tell the text of the open turn's newest answer, which was heard and has calls; tells whether it was not told yet."""
    turn = step.turn
    if not turn.rounds or not turn.rounds[-1].ended or not turn.rounds[-1].calls:
        return False
    told = tell_replies(step, turn, Heard(sentences=len(turn.sentences)))
    if told and step.state.agent is AgentState.SPEAKING:
        step.move_agent(AgentEvent.PLAYOUT_ENDED)
    return told


def tell_replies(step: Transition, turn: Turn, heard: Heard) -> bool:
    """Tell what of the replies in ``turn``, of which so much was ``heard``, was not told yet; tells whether there was something."""
    replies = (item for item in settled(turn, heard) if isinstance(item, ChatMessage) and item.role is Role.ASSISTANT)
    untold = tuple(item for item in replies if item.id not in turn.told)
    if untold:
        measure_answer(step)
        step.record(AnswerTold(turn_id=turn.turn_id, items=tuple(item.id for item in untold)))
        tell_items(step, untold, turn)
    return bool(untold)


def report(step: Transition, turn: Turn) -> None:
    """Tell what the calls of the newest answer in ``turn`` came to."""
    step.publish(FunctionToolsExecuted(calls=_executed(turn)), turn_id=turn.turn_id, speech_id=turn.speech_id)
    if step.setup.program:
        step.record(AnswerTold(turn_id=turn.turn_id, outcomes=True))
        _choose_agent(step, turn)


def returned(step: Transition) -> bool:
    """Whether it was told what the tools of the open turn came to, and the turn has not gone on with that."""
    turn, state = step.turn, step.state
    newest = turn.rounds[-1] if turn.rounds else None
    if newest is None or not newest.ended or not newest.calls or turn.unreported:
        return False
    return rounds_heard(step) and not state.thinking and not state.loading


def _choose_agent(step: Transition, turn: Turn) -> None:
    """Of several agents that tools of a round hand the call to none gets it: nobody says which of them was meant."""
    newest = {call.call_id for call in turn.rounds[-1].calls}
    if step.memory.handing_to and sum(outcome.hands_off for outcome in turn.outcomes if outcome.call_id in newest) > 1:
        step.record(HandedOff(done=False))
        step.publish(SessionError(source="agent", text=SEVERAL_AGENTS, retryable=False))


def _executed(turn: Turn) -> tuple[ExecutedCall, ...]:
    """The calls of the newest round, with their results, in the order in which they ended."""
    calls = {call.call_id: call for call in turn.rounds[-1].calls}
    return tuple(
        ExecutedCall(call_id=call.call_id, name=call.name, arguments=call.arguments, result=outcome.result)
        for outcome in turn.outcomes
        if (call := calls.get(outcome.call_id)) is not None
    )
