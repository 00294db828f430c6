"""From entries to memory: the pure fold that makes a restart possible. What the live session knows is made by the same fold.

Entries are facts, so the fold refuses nothing; an entry about a turn that is not open changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final, assert_never, cast

from actors.agent_session.core.agents import agent_began, handed_off, known_anew, with_config, without_removed
from actors.agent_session.core.chat import (
    appended,
    inserted,
    kept_message,
    settled,
    summarised,
)
from actors.agent_session.core.entries import (
    AgentBegan,
    AnswerMeasured,
    AnswerTold,
    CallClosed,
    CallerBegan,
    CallerDropped,
    CallerKept,
    CallFailed,
    Checkpoint,
    CommandTaken,
    Entry,
    FactRecorded,
    HandedOff,
    Happened,
    HistorySummarised,
    HookRan,
    IncarnationBegan,
    IncarnationEnded,
    RoundEnded,
    SentenceBegun,
    SentenceWritten,
    SetBack,
    StoredEvent,
    SummaryBegun,
    ToolBegun,
    ToolEnded,
    ToolReported,
    ToolsUpdated,
    TurnClosed,
    TurnOpened,
    TurnResumed,
    TurnStopped,
    TurnSuspended,
    UserDataRecorded,
)
from actors.agent_session.core.memory import (
    EMPTY,
    ITEMS_OF_SPEECH,
    LONG_AGO,
    RECOGNISING,
    Accepted,
    CallerSpeech,
    Heard,
    Memory,
    Outcome,
    Round,
    Sentence,
    Spoken,
    Turn,
    TurnSource,
    turn_of_call,
)
from actors.agent_session.core.reports import detached, left_with, reported, without_told
from actors.journal import UnknownRecord
from protocols import (
    AgentConfigUpdate,
    ChatContext,
    CommandDone,
    EndCall,
    ExtendSpeech,
    GenerateReply,
    Say,
    SpeechDone,
    UpdateChatContext,
    UpdateInstructions,
    UsageUpdated,
)

PROGRAM: Final = "program"
"""Who sends the commands of a call's own program."""
EVENTS_KEPT: Final = 512
"""The newest events, for subscribers that come back; what is older is announced as missed."""
COMMANDS_KEPT: Final = 1_024
"""The newest command ids: a command that is sent again after as many others is taken for a new one."""

UNKNOWN_BYTES_KEPT: Final = 64_000
"""Of the newest records that this version does not know, through checkpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a new incarnation finds: the memory, the newest events, and how many entries stand from the last checkpoint on.

    ``report`` tells of damage to the journal, by which the newest ``lost`` entries are gone (None: not known how many).
    """

    memory: Memory
    log: tuple[Happened | StoredEvent, ...]
    entries: int
    report: str = ""
    lost: int | None = 0


def restore(entries: Sequence[Entry], older: Sequence[StoredEvent] = ()) -> Past:
    """The past that ``entries`` tell, in the order of their making; none tell of a call that has not begun. ``older`` came before."""
    checkpoints = [at for at, entry in enumerate(entries) if isinstance(entry, Checkpoint)]
    start = checkpoints[-1] if checkpoints else 0
    log: tuple[Happened | StoredEvent, ...] = (*older, *(entry for entry in entries if isinstance(entry, Happened)))
    return Past(memory=reduce(remember, entries[start:], Memory()), log=log[-EVENTS_KEPT:], entries=len(entries) - start)


def after_end(incarnation: int, next_event: int) -> Past:
    """The past of an incarnation that begins when the call is over already, and forgotten: nothing is left to do but to say so."""
    return Past(memory=Memory(incarnation=incarnation, next_event=next_event, ending="normal", closed=True), log=(), entries=0)


def remember(memory: Memory, entry: Entry) -> Memory:  # noqa: C901, PLR0912 - one case for each entry
    """The memory after ``entry``."""
    match entry:
        case Happened(event=CommandDone(command_id=command_id)):
            return replace(memory, next_event=entry.number + 1, inbox=_without(memory.inbox, command_id))
        case Happened(event=SpeechDone() as over) if over.command_id:
            return _ended(replace(memory, next_event=entry.number + 1), over)
        case Happened(event=UsageUpdated(models=models)):
            return replace(memory, next_event=entry.number + 1, usage=models)
        case Happened():
            return replace(memory, next_event=entry.number + 1)
        case IncarnationBegan():
            return _life_began(memory, entry.incarnation)
        case IncarnationEnded():
            return replace(memory, last_end=entry.reason, ended_cleanly=entry.clean)
        case SetBack():
            return _set_back(memory, entry.next_event)
        case CommandTaken():
            return _command_taken(memory, entry)
        case FactRecorded(key=key, value_json=value):
            others = {other: kept for other, kept in memory.facts.items() if other != key}
            return replace(memory, facts=others if value is None else others | {key: value})
        case UserDataRecorded():
            return replace(memory, user_data_json=entry.user_data_json)
        case SummaryBegun():
            return replace(memory, summarising=entry.until)
        case HistorySummarised():
            memory = replace(memory, summarising="", summary_deaths=0)
            if memory.known is not None:
                return replace(memory, known=summarised(memory.known, entry.until, entry.text))
            return replace(memory, history=summarised(memory.history, entry.until, entry.text))
        case CallerBegan():
            return replace(memory, caller=CallerSpeech(start=entry.start))
        case CallerDropped():
            return replace(memory, caller=None, heard_until=entry.until)
        case CallerKept():
            return _caller_kept(memory, entry)
        case CallFailed():
            return replace(memory, ending=entry.reason, inbox=(), reports=())
        case CallClosed():
            return replace(memory, closed=True)
        case HandedOff():
            return replace(handed_off(memory, entry), reports=left_with(memory, entry))
        case AgentBegan():
            return agent_began(memory, entry)
        case ToolsUpdated():
            update = AgentConfigUpdate(
                id=f"tools-{memory.next_event}",
                created_at=max(LONG_AGO, entry.wall_s),
                tools_added=entry.added,
                tools_removed=entry.removed,
            )
            after = with_config(memory, update)
            return after if after.turn is not None else without_removed(after, (update,))
        case HookRan():
            return _hook_ran(memory, entry)
        case TurnOpened():
            return _turn_opened(memory, entry)
        case TurnSuspended():
            return _turn_suspended(memory, entry)
        case TurnStopped(turn_id=turn_id, by=by):
            return _with_turn(memory, turn_id, lambda turn: replace(turn, stopped_by=by))
        case TurnResumed(turn_id=turn_id):
            turn = next((turn for turn in memory.suspended if turn.turn_id == turn_id), None)
            suspended = tuple(turn for turn in memory.suspended if turn.turn_id != turn_id)
            return memory if turn is None else replace(memory, turn=turn, suspended=suspended)
        case AnswerTold(turn_id=turn_id, items=items, outcomes=outcomes):
            return _with_turn(memory, turn_id, lambda turn: _told(turn, items, outcomes=outcomes))
        case AnswerMeasured(turn_id=turn_id):
            return _with_turn(memory, turn_id, lambda turn: _measured(turn, entry))
        case TurnClosed():
            return _turn_closed(memory, Heard(sentences=entry.sentences, tail=entry.tail))
        case SentenceWritten() | RoundEnded() | SentenceBegun():
            return _turn_went_on(memory, entry)
        case ToolBegun() | ToolEnded():
            return _tool_went_on(memory, entry)
        case ToolReported():
            return reported(memory, entry)
        case Checkpoint():  # what is unknown to the version that made it may be known to this one
            kept = _named(entry.memory)
            unknown = cast("tuple[Entry, ...]", kept.unknown)
            return reduce(remember, unknown, replace(kept, unknown=())) if unknown else kept
        case UnknownRecord():
            return replace(memory, unknown=_newest((*cast("tuple[UnknownRecord, ...]", memory.unknown), entry)))
    assert_never(entry)


def _life_began(memory: Memory, incarnation: int) -> Memory:
    died = memory.incarnation > 0 and not memory.ended_cleanly
    turn, caller = memory.turn, memory.caller
    suspended = memory.suspended
    if died and turn is not None:
        turn = replace(turn, deaths=(*turn.deaths, turn.step))
    if died:
        suspended = tuple(replace(waiting, deaths=(*waiting.deaths, waiting.step)) for waiting in suspended)
    runs = tuple(replace(run, deaths=run.deaths + 1) for run in memory.detached) if died else memory.detached
    if died and caller is not None:
        caller = replace(caller, deaths=caller.deaths + 1)
    memory = replace(
        memory,
        suspended=suspended,
        detached=runs,
        summary_deaths=memory.summary_deaths + (died and bool(memory.summarising)),
        handing_deaths=memory.handing_deaths + (died and bool(memory.handing_to) and turn is None),
    )
    return replace(memory, incarnation=incarnation, turn=turn, caller=caller, last_end="", ended_cleanly=False)


def _set_back(memory: Memory, next_event: int) -> Memory:
    """Each turn, each speech and each call of a tool had an event, so their numbers are below those of the events."""
    numbers = {name: max(getattr(memory, name), next_event) for name in ("next_event", "turns", "speeches", "calls")}
    return replace(memory, inbox=(), **numbers)


def _command_taken(memory: Memory, entry: CommandTaken) -> Memory:
    if isinstance(entry.command, ExtendSpeech):
        return _extended(memory, entry.command)
    speech = entry.command if isinstance(entry.command, Say | GenerateReply) and entry.wall_s else None
    accepted = Accepted(
        command=entry.command,
        position=entry.position,
        speech_id=entry.speech_id,
        owner=entry.owner,
        deadline_wall_s=0.0 if speech is None else entry.wall_s + speech.deadline_s,
    )
    after = replace(
        memory,
        seen=(*memory.seen[1 - COMMANDS_KEPT :], accepted.command_id),
        inbox=(*memory.inbox, accepted),
        speeches=memory.speeches + bool(entry.speech_id),
        ending=memory.ending or (entry.command.reason or "normal" if isinstance(entry.command, EndCall) else ""),
    )
    match entry.command:
        case UpdateInstructions(instructions=text):
            item = AgentConfigUpdate(id=f"update-{accepted.command_id}", created_at=max(LONG_AGO, entry.wall_s), instructions=text)
            return replace(with_config(after, item), instructions=text)
        case UpdateChatContext(context=context) if entry.owner == PROGRAM:
            return known_anew(after, context, entry.wall_s)
        case UpdateChatContext(context=context):
            return replace(after, history=appended(EMPTY, context.copy().items))
        case _:
            return after


def _extended(memory: Memory, command: ExtendSpeech) -> Memory:
    """A speech that waits to be said grows; of one that is being said the sentences are entries of their own."""
    inbox = tuple(
        replace(accepted, command=_longer(say, command))
        if isinstance(say := accepted.command, Say) and accepted.speech_id == command.speech_id
        else accepted
        for accepted in memory.inbox
    )
    return replace(memory, seen=(*memory.seen[1 - COMMANDS_KEPT :], command.command_id), inbox=inbox)


def _longer(say: Say, more: ExtendSpeech) -> Say:
    written = None
    if say.written is not None or more.written is not None:
        written = (say.text if say.written is None else say.written) + (more.text if more.written is None else more.written)
    return replace(say, text=say.text + more.text, written=written, open=not more.last)


def _turn_opened(memory: Memory, entry: TurnOpened) -> Memory:
    turn = Turn(
        turn_id=entry.turn_id,
        source=entry.source,
        text=entry.text,
        speech_id=entry.speech_id or entry.turn_id,
        command_id=entry.command_id,
        asked_wall_s=entry.asked_wall_s,
        instructions=entry.instructions,
        allow_interruptions=entry.allow_interruptions,
        tools=entry.tools,
        tool_choice=entry.tool_choice,
        required_tool=entry.required_tool,
        owner=entry.owner,
        deadline_wall_s=entry.deadline_wall_s,
        audio=entry.audio,
        in_history=entry.in_history,
        metrics=entry.metrics,
        context=entry.context,
        opened_wall_s=entry.wall_s,
        agents=len(memory.agents),
        reports=entry.reports,
    )
    settles = entry.heard_until > memory.heard_until
    if settles and memory.caller is not None:  # his speech and the answer to it are one turn
        turn = replace(turn, deaths=(RECOGNISING,) * memory.caller.deaths)
    return replace(
        memory,
        turn=turn,
        turns=memory.turns + 1,
        speeches=memory.speeches + bool(entry.speech_id and not any(accepted.speech_id == entry.speech_id for accepted in memory.inbox)),
        inbox=_without(memory.inbox, entry.command_id),
        caller=None if settles else memory.caller,
        reports=without_told(memory) if entry.reports else memory.reports,
        heard_until=max(memory.heard_until, entry.heard_until),
    )


def _caller_kept(memory: Memory, entry: CallerKept) -> Memory:
    item = kept_message(f"kept-{memory.next_event}", entry.text, max(LONG_AGO, entry.wall_s), entry.metrics)
    known = None if memory.known is None else appended(memory.known, (item,))
    until = max(memory.heard_until, entry.until)
    return replace(memory, caller=None, heard_until=until, history=appended(memory.history, (item,)), known=known)


def _hook_ran(memory: Memory, entry: HookRan) -> Memory:
    """The hook of the open turn has ended; its time is never 0, which says that it has not."""
    turn = memory.turn
    if turn is None:
        return memory
    hooked_wall_s = max(LONG_AGO, entry.wall_s)
    metrics = turn.metrics and {**turn.metrics, "on_user_turn_completed_delay": entry.took_s}
    hooked = replace(turn, metrics=metrics, message=entry.message, context=entry.context, dropped=entry.stop, hooked_wall_s=hooked_wall_s)
    return replace(memory, turn=hooked)


def _named(memory: Memory) -> Memory:
    """Versions that gave speeches no ids of their own named them by their turns."""
    turn = memory.turn
    return memory if turn is None or turn.speech_id else replace(memory, turn=replace(turn, speech_id=turn.turn_id))


def _turn_closed(memory: Memory, heard: Heard) -> Memory:
    turn, history = memory.turn, memory.history
    if turn is None:
        return memory
    if turn.failed and turn.source is TurnSource.UNANSWERED and memory.unanswered:
        history = ChatContext(history.items[:-1])  # the message stands in the turn that failed
    handing_to = "" if turn.failed else memory.handing_to  # it may be what the session died of
    known = {item.id for item in history}
    items = settled(turn, heard)
    meanwhile = (item for item in history if item.created_at >= turn.opened_wall_s > 0)
    agents = without_removed(memory, meanwhile).known
    after = replace(memory, turn=None, handing_to=handing_to, history=inserted(history, turn, items), known=agents)
    if agents is not None:
        after = replace(after, known=inserted(agents, turn, items))
    left = tuple(item.id for item in after.history if item.id not in known)[-ITEMS_OF_SPEECH:]
    return _spoken(after, Spoken(command_id=turn.command_id, speech_id=turn.speech_id, items=left)) if turn.command_id else after


def _spoken(memory: Memory, over: Spoken) -> Memory:
    """The speech of a command is over. What it left is known when its turn is closed, and how it ended by the event that follows."""
    others = tuple(one for one in memory.spoken if one.speech_id != over.speech_id)
    return replace(memory, spoken=(*others[1 - COMMANDS_KEPT :], over))


def _ended(memory: Memory, event: SpeechDone) -> Memory:
    items = next((one.items for one in reversed(memory.spoken) if one.speech_id == event.speech_id), ())
    return _spoken(memory, Spoken(command_id=event.command_id, speech_id=event.speech_id, outcome=event.outcome, items=items))


def _turn_went_on(memory: Memory, entry: SentenceWritten | RoundEnded | SentenceBegun) -> Memory:
    turn = memory.turn
    if turn is None:
        return memory
    match entry:
        case SentenceWritten():
            now = turn.open_round
            return replace(memory, turn=_at_round(turn, replace(now, sentences=(*now.sentences, Sentence(entry.text, entry.written)))))
        case RoundEnded():
            after = _at_round(turn, replace(turn.open_round, calls=entry.calls, ended=True, ended_wall_s=entry.wall_s, space=entry.space))
            return replace(memory, turn=after, calls=memory.calls + len(entry.calls))
        case SentenceBegun():
            return replace(memory, turn=replace(turn, starts=(*turn.starts, entry.position)))
    assert_never(entry)


def _turn_suspended(memory: Memory, entry: TurnSuspended) -> Memory:
    turn = memory.turn
    if turn is None:
        return memory
    waiting = replace(turn, heard=Heard(sentences=entry.sentences, tail=entry.tail), stopped_by=entry.stopped_by)
    return replace(memory, turn=None, suspended=(*memory.suspended, waiting))


def _tool_went_on(memory: Memory, entry: ToolBegun | ToolEnded) -> Memory:
    """Of a call of the open turn, or of one that is suspended."""
    turn = turn_of_call(memory, entry.call_id) or memory.turn
    if turn is None:
        return memory
    match entry:
        case ToolBegun():
            return _with_turn(memory, turn.turn_id, lambda turn: replace(turn, begun_calls=(*turn.begun_calls, entry.call_id)))
        case ToolEnded():
            outcome = Outcome(
                call_id=entry.call_id,
                result=entry.result,
                is_error=not entry.ok,
                wall_s=entry.wall_s,
                reply=entry.reply,
                hands_off=bool(entry.hand_off),
                detached=entry.detached,
            )
            after = _with_turn(memory, turn.turn_id, lambda turn: replace(turn, outcomes=(*turn.outcomes, outcome)))
            return replace(
                detached(after, turn, entry) if entry.detached else after,
                user_data_json=entry.user_data_json,
                handing_to=entry.hand_off or memory.handing_to,
                ending=memory.ending or entry.end_call,
            )
    assert_never(entry)


def _with_turn(memory: Memory, turn_id: str, change: Callable[[Turn], Turn]) -> Memory:
    """``memory`` in which the turn of this id is changed, whether it is open or suspended."""
    if memory.turn is not None and memory.turn.turn_id == turn_id:
        return replace(memory, turn=change(memory.turn))
    return replace(memory, suspended=tuple(change(turn) if turn.turn_id == turn_id else turn for turn in memory.suspended))


def _told(turn: Turn, items: tuple[str, ...], *, outcomes: bool) -> Turn:
    return replace(turn, told=(*turn.told, *items), reported=turn.rounds_with_calls if outcomes else turn.reported)


def _measured(turn: Turn, entry: AnswerMeasured) -> Turn:
    rounds = enumerate(turn.rounds, 1)
    return replace(turn, rounds=tuple(replace(of, metrics=entry.metrics) if at == entry.answer else of for at, of in rounds))


def _at_round(turn: Turn, round_: Round) -> Turn:
    going_on = turn.rounds and not turn.rounds[-1].ended
    return replace(turn, rounds=(*turn.rounds[:-1], round_) if going_on else (*turn.rounds, round_))


def _newest(records: tuple[UnknownRecord, ...]) -> tuple[UnknownRecord, ...]:
    room, first = UNKNOWN_BYTES_KEPT, len(records)
    while first and len(records[first - 1].body) <= room:
        first -= 1
        room -= len(records[first].body)
    return records[first:]


def _without(inbox: tuple[Accepted, ...], command_id: str) -> tuple[Accepted, ...]:
    return tuple(accepted for accepted in inbox if accepted.command_id != command_id)
