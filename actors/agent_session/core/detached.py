"""Detached runs: tools that go on after they have told how far they are (`RunContext.update` of LiveKit Agents), while the call does.

What a tool tells first is the outcome of its call, and the turn goes on with that: the model is asked for an answer to it, and may call
nothing then. From there on the run has no turn. What it tells later, and what it comes to, stands in the history at once, as calls of their
own; once nobody has the turn and nothing waits for it, the model is asked to tell the caller what has come since.

A hand-off waits for the runs of the agent that leaves, and what they came to is told nobody then. The end of a call waits for those that
run, for `DETACHED_WAIT_S` at most. After a death the outcome of a run is unknown, or it is run again, as it is of all tools: what it had
told is not told again, and an agent that had entered for it leaves.
"""

from dataclasses import replace
from typing import Final, TypedDict

from actors.agent_session.core.added_items import tell_items
from actors.agent_session.core.chat import known_to_agent
from actors.agent_session.core.commands import refused, waits_to_be_said
from actors.agent_session.core.effects import After, Answer, RunTool, Tell
from actors.agent_session.core.entries import ToolEnded, ToolReported
from actors.agent_session.core.facts import MAX_USER_DATA_BYTES
from actors.agent_session.core.inputs import ToolFinished
from actors.agent_session.core.memory import MAX_DEATHS_IN_STEP, AgentChange, DetachedRun, Memory, Report, TurnSource, turn_of_call
from actors.agent_session.core.reports import detached_run, report_id, reported_items
from actors.agent_session.core.state import Opening
from actors.agent_session.core.thinking import leave
from actors.agent_session.core.tool_inputs import DetachedOverdue, ReportsGathered, ToolProgressed
from actors.agent_session.core.tools import MAX_TURN_BYTES, OUTCOME_UNKNOWN, cut, run_next
from actors.agent_session.core.transition import Transition
from actors.agent_session.core.turns import take_turn
from protocols import (
    AgentState,
    CapacityError,
    CommandAccepted,
    EndCall,
    ToolChoice,
    ToolReply,
    ToolReturned,
    ToolUpdated,
    ToolUsed,
    UserState,
    was_redacted,
)

MAX_DETACHED: Final = 16
"""Detached runs at a time; the first that another one tells is refused with `CapacityError`, and it goes on in its turn."""
DETACHED_WAIT_S: Final = 30.0
"""For the runs that go on when the call is to end."""
GATHER_S: Final = 0.05
"""What a tool tells waits so long to be told the caller: if the tool ends after it, that is told with it."""

NEWS: Final = """New results arrived from background tool calls (call_ids: {call_ids}).
Summarize the results naturally. Do NOT repeat information you have already told the user."""
OLDER_NEWS: Final = """New results arrived from background tool calls (call_ids: {call_ids}).
You may have already mentioned them in your most recent replies.
If you already told the user everything in these results, reply with an empty response (no text at all).
Otherwise, summarize only what you have not said yet, with a natural transition.
Never repeat information you have already told the user."""
"""Where something was said since."""
UNFINISHED: Final = "error: the outcome of this call is unknown. It had not ended when the call did."


def on_progressed(step: Transition, told: ToolProgressed) -> None:
    """A tool tells how far it is: its call has that for an outcome, or, if it had one, the history has it."""
    run = detached_run(step.memory, told.call_id)
    refusal = None
    if told.call_id not in step.state.running:
        pass  # nobody waits for it any more
    elif run is not None and told.update >= run.updates:
        _report(step, run, ToolReported(call_id=told.call_id, result=cut(told.result, MAX_TURN_BYTES), **_fact(step, told)), told.message)
    elif run is None and len(step.memory.detached) >= MAX_DETACHED:
        refusal = CapacityError(f"{MAX_DETACHED} tools go on in the background already: wait until one of them has ended")
    elif run is None:
        _detach(step, told)
    message = CommandAccepted(command_id=told.call_id) if refusal is None else refused(refusal)
    step.then(Answer(request=told.request, message=message))


def on_finished(step: Transition, finished: ToolFinished) -> bool:
    """A detached run has ended; tells whether it was one."""
    run = detached_run(step.memory, finished.call_id)
    if run is None:
        return False
    if finished.call_id not in step.state.running:
        return True
    result = cut(finished.result, MAX_TURN_BYTES) if finished.output else ""
    _end(step, run, finished, result)
    step.do(Tell(name="tool_registry", message=ToolUsed(name=run.call.name, ok=finished.ok, duration_ms=finished.duration_ms)))
    return True


def take_up_detached(step: Transition) -> None:
    """After a restart: run again what may be run again. The others are settled once nobody has the turn (`settle_left`)."""
    for run in step.memory.detached:
        may_run = run.call.name in step.setup.idempotent and run.agents == len(step.memory.agents)
        if may_run and run.deaths < MAX_DEATHS_IN_STEP and not was_redacted(run.call.arguments):
            step.state = replace(step.state, running=step.state.running | {run.call.call_id})
            incarnation, data = step.memory.incarnation, step.memory.user_data_json
            step.then(RunTool(call=run.call, user_data_json=data, incarnation=incarnation, speech_id=run.speech_id))


def settle_detached(step: Transition) -> None:
    """What goes on is given up, and nobody is told what it came to."""
    for run in step.memory.detached:
        step.state = replace(step.state, running=step.state.running - {run.call.call_id})
        _settle(step, run, OUTCOME_UNKNOWN, reply=False)


def settle_left(step: Transition) -> bool:
    """Where nobody has the turn: settle a run that no process runs any more; whoever has entered since leaves first.

    Tells whether the conversation moved.
    """
    for run in step.memory.detached:
        if run.call.call_id in step.state.running:
            continue
        levels = len(step.memory.agents) - run.agents
        if levels > 0 and not step.memory.ending:
            if step.memory.suspended or step.state.loading:
                return False
            leave(step, levels)
        else:
            _settle(step, run, OUTCOME_UNKNOWN if not step.memory.ending else UNFINISHED)
        return True
    return False


def holds_the_end(step: Transition) -> bool:
    """Whether a call that is to end waits: for what is to be told, if nobody but a tool wants the end, and for the runs that go on.

    Not for those of agents that others have entered on top of: they may wait for these, which talk with nobody any more.
    """
    memory = step.memory
    if not memory.ending:
        return False
    if not is_ended(memory) and due(memory):
        return True
    forsaken = {run.call.call_id for run in memory.detached if run.agents < len(memory.agents)}
    step.state = replace(step.state, running=step.state.running - forsaken)
    while settle_left(step):
        pass
    awaited = bool(step.memory.detached)
    if awaited and not step.state.awaiting_detached:
        step.state = replace(step.state, awaiting_detached=True)
        step.do(After(delay_s=DETACHED_WAIT_S, input=DetachedOverdue()))
    return awaited


def on_overdue(step: Transition) -> None:
    """The end of the call waits no longer."""
    if step.memory.ending:
        step.state = replace(step.state, running=step.state.running - {run.call.call_id for run in step.memory.detached})


def on_gathered(step: Transition) -> None:
    """What a tool has told may be told now."""
    step.state = replace(step.state, gathering=False)


def due(memory: Memory) -> tuple[Report, ...]:
    """What the agent that has the call is to tell the caller."""
    return tuple(report for report in memory.reports if report.agents == len(memory.agents))


def may_answer(step: Transition) -> bool:
    """Whether there is something to tell, nobody wants the agent or the floor, and the caller is silent."""
    state, memory = step.state, step.memory
    leaves = bool(memory.handing_to) or any(wanted.change is not AgentChange.ENTER for wanted in state.wanted)
    held = (state.floor_held and not memory.ending) or state.loading or state.recognizing or state.gathering
    free = state.user is UserState.LISTENING and not waits_to_be_said(step)
    return bool(due(memory)) and free and not leaves and not held and not is_ended(memory)


def answer_if_due(step: Transition) -> bool:
    """Where nobody has the turn: have the model tell what has come since; tells whether it does."""
    if step.state.agent is not AgentState.LISTENING or not may_answer(step):
        return False
    reports = due(step.memory)
    call_ids = [report.call_id for report in reports]
    known = known_to_agent(step.memory).items
    template = NEWS if known and known[-1].id == f"{call_ids[-1]}.output" else OLDER_NEWS
    take_turn(
        step,
        Opening(
            source=TurnSource.GENERATE_REPLY,
            instructions=template.format(call_ids=call_ids),
            tool_choice=ToolChoice.AUTO if any(report.final for report in reports) else ToolChoice.NONE,
            reports=tuple(call_ids),
        ),
    )
    return True


def _detach(step: Transition, told: ToolProgressed) -> None:
    """The tool goes on without its turn."""
    turn = turn_of_call(step.memory, told.call_id)
    call = None if turn is None else next((call for call in turn.waiting_calls if call.call_id == told.call_id), None)
    if turn is None or call is None:
        return
    is_open = turn is step.memory.turn
    result = cut(told.result, MAX_TURN_BYTES - turn.size)
    step.record(ToolEnded(call_id=told.call_id, result=result, end_call="", detached=True, **_fact(step, told)))
    update = ToolUpdated(call_id=told.call_id, name=call.name, update_id=told.call_id, message=_message(told), silent=told.silent)
    step.publish(update, turn_id=turn.turn_id, speech_id=turn.speech_id)
    if is_open:
        run_next(step)


def _report(step: Transition, run: DetachedRun, entry: ToolReported, message: str | None = None) -> None:
    """Remember what ``run`` tells, and (``message``) tell that it goes on."""
    update_id, items, waiting = report_id(run, final=entry.final), reported_items(run, entry), step.memory.reports
    step.record(entry)
    tell_items(step, items, run)
    if message is not None:
        shown = cut(message, MAX_TURN_BYTES)
        update = ToolUpdated(call_id=run.call.call_id, name=run.call.name, update_id=update_id, message=shown, silent=not entry.reply)
        step.publish(update, turn_id=run.turn_id, speech_id=run.speech_id)
    if message is None:
        step.state = replace(step.state, gathering=False)
    elif step.memory.reports != waiting and not step.state.gathering:
        step.state = replace(step.state, gathering=True)
        step.do(After(delay_s=GATHER_S, input=ReportsGathered()))
    if step.memory.reports != waiting and not is_ended(step.memory):
        step.publish(ToolReply(update_ids=(update_id,), status="pending"), turn_id=run.turn_id, speech_id=run.speech_id)


def _end(step: Transition, run: DetachedRun, finished: ToolFinished, result: str) -> None:
    """A run has ended. As in LiveKit, the caller is told of it, where he can be, before its end is."""
    step.state = replace(step.state, running=step.state.running - {run.call.call_id})
    entry = ToolReported(
        call_id=run.call.call_id,
        result=result,
        user_data_json=finished.user_data_json,
        final=True,
        end_call=finished.end_call,
        ok=finished.ok,
        wall_s=step.now.wall_s,
        reply=finished.reply and finished.output,
    )
    _report(step, run, entry)
    answer_if_due(step)
    _tell_returned(step, run, result, ok=finished.ok)


def _settle(step: Transition, run: DetachedRun, result: str, *, reply: bool = True) -> None:
    """Nobody will ever know what ``run`` comes to."""
    entry = ToolReported(
        call_id=run.call.call_id,
        result=result,
        user_data_json=step.memory.user_data_json,
        final=True,
        ok=False,
        wall_s=step.now.wall_s,
        reply=reply and not step.memory.ending,
    )
    _report(step, run, entry)
    _tell_returned(step, run, result, ok=False)


def _tell_returned(step: Transition, run: DetachedRun, result: str, *, ok: bool) -> None:
    returned = ToolReturned(call_id=run.call.call_id, name=run.call.name, result=result, ok=ok)
    step.publish(returned, turn_id=run.turn_id, speech_id=run.speech_id)


def _fact(step: Transition, told: ToolProgressed) -> "_Fact":
    """What the two entries have in common that a tool may cause that goes on; data that is too large is kept as it was."""
    fits = len(told.user_data_json.encode()) <= MAX_USER_DATA_BYTES
    return {
        "user_data_json": told.user_data_json if fits else step.memory.user_data_json,
        "wall_s": step.now.wall_s,
        "reply": not told.silent,
    }


class _Fact(TypedDict):
    user_data_json: str
    wall_s: float
    reply: bool


def _message(told: ToolProgressed) -> str:
    return cut(told.message, MAX_TURN_BYTES)


def is_ended(memory: Memory) -> bool:
    """Whether somebody has ended the call, not only a tool that wants its result to be told before."""
    return memory.closed or any(isinstance(accepted.command, EndCall) for accepted in memory.inbox)
