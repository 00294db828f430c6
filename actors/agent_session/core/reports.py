"""What detached runs tell: in the history as calls of their own, each with its output. The part of the fold that is about them.

The id of such a call is that of the model's, with ``_update_1`` and so on behind it, or ``_final`` for what the run came to.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from actors.agent_session.core.chat import appended
from actors.agent_session.core.entries import HandedOff, ToolEnded, ToolReported
from actors.agent_session.core.memory import LONG_AGO, AgentChange, DetachedRun, Memory, Report, Turn
from protocols import ChatContext, FunctionCall, FunctionCallOutput

MAX_REPORTS: Final = 64
"""Reports that wait to be told the caller; of more than these the reply names the newest, and finds the others in the history."""


def detached_run(memory: Memory, call_id: str) -> DetachedRun | None:
    """The detached run of this call, if it goes on."""
    return next((run for run in memory.detached if run.call.call_id == call_id), None)


def report_id(run: DetachedRun, *, final: bool) -> str:
    """The id of what ``run`` tells next."""
    return f"{run.call.call_id}_final" if final else f"{run.call.call_id}_update_{run.updates}"


def reported_items(run: DetachedRun, entry: ToolReported) -> tuple[FunctionCall, FunctionCallOutput]:
    """The items that ``entry`` is in the history."""
    call_id, at = report_id(run, final=entry.final), max(LONG_AGO, entry.wall_s)
    output = FunctionCallOutput(
        id=f"{call_id}.output", created_at=at, call_id=call_id, name=run.call.name, output=entry.result, is_error=not entry.ok
    )
    return replace(run.call, id=call_id, created_at=at, call_id=call_id), output


def detached(memory: Memory, turn: Turn, entry: ToolEnded) -> Memory:
    """The tool of a call of ``turn`` goes on."""
    call = next((call for round_ in turn.rounds for call in round_.calls if call.call_id == entry.call_id), None)
    if call is None:
        return memory
    run = DetachedRun(call=call, turn_id=turn.turn_id, speech_id=turn.speech_id, agents=turn.agents)
    return replace(memory, detached=(*memory.detached, run))


def reported(memory: Memory, entry: ToolReported) -> Memory:
    """A detached run has told something: all that know of its call know it."""
    run = detached_run(memory, entry.call_id)
    if run is None:
        return memory
    items = reported_items(run, entry)
    others = tuple(other for other in memory.detached if other is not run)
    after = _known_at(replace(memory, history=appended(memory.history, items)), run.agents, lambda known: appended(known, items))
    if (turn := memory.turn) is not None:
        meanwhile = (*turn.meanwhile, *(item.id for item in items))[-2 * MAX_REPORTS :]
        after = replace(after, turn=replace(turn, meanwhile=meanwhile))
    report = Report(call_id=items[0].call_id, final=entry.final, agents=run.agents)
    waits = entry.reply and run.agents <= len(memory.agents)
    return replace(
        after,
        detached=others if entry.final else (*others, replace(run, updates=run.updates + 1)),
        reports=(*memory.reports, report)[-MAX_REPORTS:] if waits else memory.reports,
        user_data_json=entry.user_data_json,
        ending=memory.ending or entry.end_call,
    )


def without_told(memory: Memory) -> tuple[Report, ...]:
    """The reports that wait when a turn tells those of the agent that has the call."""
    return tuple(report for report in memory.reports if report.agents != len(memory.agents))


def left_with(memory: Memory, entry: HandedOff) -> tuple[Report, ...]:
    """The reports that wait behind a hand-off: nobody tells those of an agent that is gone."""
    stays = len(memory.agents) if entry.change is AgentChange.ENTER else len(memory.agents) - 1
    if entry.change is AgentChange.LEAVE:
        stays = len(memory.agents) - entry.levels
    return memory.reports if not entry.done else tuple(report for report in memory.reports if report.agents <= stays)


def _known_at(memory: Memory, agents: int, change: Callable[[ChatContext], ChatContext]) -> Memory:
    """``memory`` in which what the agent knows changes that so many ``agents`` stand below."""
    if agents == len(memory.agents):
        return memory if memory.known is None else replace(memory, known=change(memory.known))
    below = tuple(change(known) if at == agents else known for at, known in enumerate(memory.known_below))
    return replace(memory, known_below=below)
