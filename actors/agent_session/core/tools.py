"""Tools: one after the other or all of an answer at a time, each with its start and its outcome in the journal.

In turn (the default) each runs on the user data that the one before left, so that a result and the data that belongs to it are one fact. A
program's share one object of data, and each outcome is written with what that was then. What is told of a call that was not run, or whose
process died, stands here.
"""

import json
from dataclasses import replace
from typing import Final

from actors.agent_session.core.closing import finish_if_over
from actors.agent_session.core.effects import RunTool, Tell
from actors.agent_session.core.entries import ToolBegun, ToolEnded
from actors.agent_session.core.inputs import ToolFinished
from actors.agent_session.core.memory import Turn, turn_of_call
from actors.agent_session.core.rounds import report, rounds_heard, tell_heard
from actors.agent_session.core.thinking import think
from actors.agent_session.core.tool_choice import permitted
from actors.agent_session.core.transition import Transition
from actors.tools import parse_arguments
from protocols import (
    AgentEvent,
    FunctionCall,
    InvalidToolError,
    ToolCalled,
    ToolReturned,
    ToolUsed,
    was_redacted,
)

OUTCOME_UNKNOWN: Final = (
    "error: the outcome of this call is unknown. The process died while it ran: it may have had its effect, or not. Do not claim either."
)
NOT_RUN: Final = "error: this call was not run, because the caller interrupted."

HAND_OFF_INTERRUPTED: Final = "error: the call was not handed to another agent, because the caller interrupted."

UNKNOWN: Final = "Unknown function: {name} - available tools: {tools}"
REDACTED: Final = "error: this call was not run. What it was to be called with was lost when the process died: ask the caller for it again."

MAX_SAME_CALLS: Final = 3
"""In one turn, of one tool with the same arguments; a model that calls it once more is in a loop."""
SAME_CALL: Final = (
    f"error: this call was not run. It was made {MAX_SAME_CALLS} times for this already: go on with those results, or ask the caller."
)

CUT: Final = " [the rest was cut]"
MAX_TURN_BYTES: Final = 200_000
"""Of one turn's replies, calls and results: results are cut to it, calls beyond it end the turn."""


def run_next(step: Transition) -> None:
    """Run the open turn's tools that have no outcome yet, one or (``parallel_tools``) all of them, unless the reply is held.

    When all have one, ask the model again, unless none of them needs a reply.
    """
    for call in step.turn.waiting_calls:
        if call.call_id not in step.state.running:
            if refusal := _refusal(step, call):
                _settle(step, step.turn, call, refusal)
                continue
            if step.state.held:
                return  # until it is known whether the caller means to interrupt
            _run(step, call)
        if not step.setup.parallel_tools:
            return
    if not step.turn.waiting_calls and not step.setup.program:
        _all_returned(step)


def report_if_due(step: Transition) -> bool:
    """Tell of a program's turn the newest answer, once it was heard, then what its calls came to; tells whether there was something.

    As LiveKit's sessions do: the text of an answer is an item of its own, told before what its tools came to, and the model is asked after
    that.
    """
    if not step.setup.program or not rounds_heard(step):
        return False
    if tell_heard(step):
        return True
    if not step.turn.unreported or step.turn.waiting_calls or step.state.loading:
        return False
    report(step, step.turn)
    return True


def on_finished(step: Transition, finished: ToolFinished) -> None:
    """A tool has ended: its result and the user data become one entry. Of a suspended turn that is all; it comes back by itself."""
    turn = turn_of_call(step.memory, finished.call_id)
    if turn is None or finished.call_id not in step.state.running:
        return
    call = next(call for call in turn.waiting_calls if call.call_id == finished.call_id)
    is_open = turn is step.memory.turn
    step.state = replace(step.state, running=step.state.running - {call.call_id})
    stopped = step.state.interruption is not None if is_open else turn.stopped_by is not None
    if finished.hand_off and step.setup.program and stopped:
        finished = replace(finished, result=HAND_OFF_INTERRUPTED, ok=False, hand_off="")
    result = cut(finished.result, MAX_TURN_BYTES - turn.size) if finished.output else ""
    step.record(
        ToolEnded(
            call_id=call.call_id,
            result=result,
            user_data_json=finished.user_data_json,
            end_call=finished.end_call,
            hand_off=finished.hand_off,
            ok=finished.ok,
            wall_s=step.now.wall_s,
            reply=finished.reply and finished.output,
        )
    )
    _tell_returned(step, turn, ToolReturned(call_id=call.call_id, name=call.name, result=result, ok=finished.ok))
    step.do(Tell(name="tool_registry", message=ToolUsed(name=call.name, ok=finished.ok, duration_ms=finished.duration_ms)))
    if is_open:
        run_next(step)


def settle_begun(step: Transition) -> None:
    """After a restart: tell the model that the outcome of a call is unknown which may have run and must not run twice."""
    for call in step.turn.waiting_calls:
        if call.call_id in step.turn.begun_calls and call.name not in step.setup.idempotent:
            _settle(step, step.turn, call, OUTCOME_UNKNOWN)


def settle_unknown(step: Transition, turn: Turn) -> None:
    """After a restart: the outcomes of a suspended turn's calls are unknown, of whichever agent's tools they are."""
    for call in turn.waiting_calls:
        if call.call_id in turn.begun_calls:
            _settle(step, turn, call, OUTCOME_UNKNOWN)


def settle_all(step: Transition) -> None:
    """Run none of the calls that wait: the turn is given up."""
    for call in step.turn.waiting_calls:
        _settle(step, step.turn, call, OUTCOME_UNKNOWN if call.call_id in step.turn.begun_calls else NOT_RUN)


def _refusal(step: Transition, call: FunctionCall) -> str:
    """Why a call is not run, as the model is told; empty if it is."""
    tools = permitted(step.setup, step.turn)
    if step.state.interruption is not None:
        return NOT_RUN
    if call.name not in tools:
        return UNKNOWN.format(name=call.name, tools=", ".join(tools))
    if was_redacted(call.arguments):
        return REDACTED
    try:
        parse_arguments(call.name, call.arguments)
    except InvalidToolError as failure:
        return str(failure)
    return SAME_CALL if _made_before(step.turn, call) >= MAX_SAME_CALLS else ""


def _all_returned(step: Transition) -> None:
    """The newest round's calls have outcomes: the turn goes on with the model, or is over once its words are heard."""
    report(step, step.turn)
    if step.state.interruption is not None:
        return
    step.move_agent(AgentEvent.TOOLS_RETURNED)
    if step.turn.written:
        finish_if_over(step)
    else:
        think(step)


def _run(step: Transition, call: FunctionCall) -> None:
    step.record(ToolBegun(call_id=call.call_id))
    step.publish(ToolCalled(call_id=call.call_id, name=call.name, arguments=call.arguments))
    step.state = replace(step.state, running=step.state.running | {call.call_id})
    step.then(
        RunTool(call=call, user_data_json=step.memory.user_data_json, incarnation=step.memory.incarnation, speech_id=step.turn.speech_id)
    )


def _made_before(turn: Turn, call: FunctionCall) -> int:
    """How often the turn called the same tool with the same arguments before."""
    calls = [made for round_ in turn.rounds for made in round_.calls]
    before = calls[: calls.index(call)]
    return sum(made.name == call.name and _meant(made.arguments) == _meant(call.arguments) for made in before)


def _meant(arguments: str) -> object:
    """What a model means by arguments, however it writes them."""
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments


def cut(result: str, room: int) -> str:
    """As much of ``result`` as ``room`` bytes hold."""
    data = result.encode()
    return result if len(data) <= room else data[: max(0, room)].decode(errors="ignore") + CUT


def _settle(step: Transition, turn: Turn, call: FunctionCall, result: str) -> None:
    data, wall_s = step.memory.user_data_json, step.now.wall_s
    step.record(ToolEnded(call_id=call.call_id, result=result, user_data_json=data, end_call="", ok=False, wall_s=wall_s))
    _tell_returned(step, turn, ToolReturned(call_id=call.call_id, name=call.name, result=result, ok=False))


def _tell_returned(step: Transition, turn: Turn, returned: ToolReturned) -> None:
    step.publish(returned, turn_id=turn.turn_id, speech_id=turn.speech_id)
