"""The chat context: what the model is told of the conversation, and what history keeps of a turn. Only what was heard is kept.

Of a turn that was given up history keeps the caller's words, but no model is told them again: they may be what the session died of, and so
may be what it asked of its tools and what they answered. It is told that there was such a turn, and which tools may have run.

The ids of items follow from those of turns and calls, and their times from the journal: every incarnation makes the same items.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf, nextafter
from typing import Any, Final

from actors.agent_session.core.memory import LONG_AGO, Heard, Memory, Round, Turn, TurnHandoff, n_bytes, reply_id, words_of
from actors.agent_session.core.written_text import sentence_begin
from protocols import (
    MESSAGE_METRICS,
    AgentConfigUpdate,
    AgentHandoff,
    ChatContext,
    ChatItem,
    ChatMessage,
    FailedTurn,
    FunctionCall,
    FunctionCallOutput,
    Role,
    Summary,
    TextContent,
)

MAX_HISTORY_ITEMS: Final = 1_000
MAX_HISTORY_BYTES: Final = 400_000
"""Beyond either bound the oldest turns are forgotten, whole: an output never stands without its call."""

GIVEN_UP: Final = "A message of the caller was given up here, because the session died of it."
MAY_HAVE_RUN: Final = " For it these tools may have run, or not: {names}. Do not claim either."

IN_PROGRESS: Final = "The tool call is still in progress."

MAX_LASTING_ITEMS: Final = 16
"""Of the items that a summary does not stand for."""

INSTRUCTIONS_ID: Final = "instructions"


def context(instructions: str, memory: Memory) -> ChatContext:
    """What the model is asked with: the instructions, the history, and the open turn as it was meant to be heard.

    Instructions that a program has given the agent take the place of ``instructions``.
    """
    turn, past = memory.turn, _past(memory)
    instructions = instructions if memory.instructions is None else memory.instructions
    system = ChatMessage.of(Role.SYSTEM, instructions, id=INSTRUCTIONS_ID, created_at=LONG_AGO)
    own = turn is not None and turn.has_own_context
    for waiting in memory.suspended:
        if waiting.agents == len(memory.agents) and not own:  # who has entered meanwhile knows nothing of it
            past = _by_time(past, _settled_so_far(waiting))
    running = tuple(_in_progress(memory))
    first = _first_known(memory, past)
    before = tuple(item for item in running if item.created_at < first)  # the agent that has the call was not there yet
    past = _by_time(past, running[len(before) :])
    asked = () if turn is None else tuple(_items(turn, _answered(turn), turn.instructions))
    in_order = turn is None or own or (turn.heard is None and turn.context is None)  # what a hook has put behind his words stays there
    if in_order and turn is not None and turn.meanwhile:
        since = tuple(item for item in past if item.id in turn.meanwhile)
        told = (*(item for item in past if item.id not in turn.meanwhile), *_by_time(since, asked))
    else:
        told = (*_others(past, asked), *asked) if in_order else _by_time(past, asked)
    return ChatContext(_distinct((*before, *((system,) if instructions and not own else ()), *map(_told, told))))


def _first_known(memory: Memory, past: Sequence[ChatItem]) -> float:
    """Since when the agent that has the call knows what was said: what it was given, or from when it got the call."""
    if memory.known is not None:
        return min((item.created_at for item in past), default=inf)
    return nextafter(max((item.created_at for item in memory.history if isinstance(item, AgentHandoff)), default=LONG_AGO), inf)


def _in_progress(memory: Memory) -> Iterator[FunctionCall | FunctionCallOutput]:
    """The calls whose tools run, so that no model makes them again: of suspended turns, whoever has the call meanwhile."""
    for waiting in memory.suspended:
        ended = {call.call_id: round_.ended_wall_s for round_ in waiting.rounds for call in round_.calls}
        for call in waiting.waiting_calls:
            if call.call_id in waiting.begun_calls and not waiting.failed:
                at = max(LONG_AGO, ended[call.call_id])
                yield replace(call, id=f"{call.call_id}.running", created_at=at)
                yield FunctionCallOutput(
                    id=f"{call.call_id}.running.output", created_at=at, call_id=call.call_id, name=call.name, output=IN_PROGRESS
                )


def _answered(turn: Turn) -> tuple[Round, ...]:
    """The rounds whose outcomes the model is asked with next: the calls as they ended, each batch as its tools were reported."""
    return tuple(replace(round_, calls=_as_ended(turn, round_)) for round_ in turn.rounds if round_.ended)


def _as_ended(turn: Turn, round_: Round) -> tuple[FunctionCall, ...]:
    """The calls of a round in the order in which they ended, with those that have not behind them."""
    ended = {outcome.call_id: at for at, outcome in enumerate(turn.outcomes)}
    return tuple(sorted(round_.calls, key=lambda call: ended.get(call.call_id, len(ended))))


def _past(memory: Memory) -> tuple[ChatItem, ...]:
    """What the open turn's model is told of the conversation before it: the history, or what a hook or the program made of it."""
    turn, known = memory.turn, known_to_agent(memory)
    if turn is None or turn.context is None:
        return known.items
    if turn.has_own_context:
        return _with_conversation(turn.context, known) if any(round_.ended for round_ in turn.rounds) else turn.context.items
    return (*turn.context, *_others((item for item in known if item.created_at > turn.hooked_wall_s), turn.context.items))


def _with_conversation(given: ChatContext, known: ChatContext) -> tuple[ChatItem, ...]:
    """What a program has given for one reply, with what else was said, where its time puts it."""
    return _by_time(given.items, _others(known, given.items))


def known_to_agent(memory: Memory) -> ChatContext:
    """What the agent that has the call knows of what was said before the open turn."""
    return memory.history if memory.known is None else memory.known


def known_so_far(memory: Memory) -> ChatContext:
    """What the agent that has the call knows now: also what was asked in its turns that go on, and what tools have answered there."""
    own = [turn for turn in memory.open_turns if turn.agents == len(memory.agents)]
    since = [item for turn in own for item in _items(turn, tuple(round_ for round_ in turn.rounds if _has_outcomes(turn, round_)))]
    return ChatContext(_distinct(_by_time(known_to_agent(memory).items, since)))


def without_open_turns(context: ChatContext, memory: Memory) -> ChatContext:
    """``context`` without what was asked, said and done in turns that go on: these tell of it themselves."""
    return ChatContext(_others(context, [item for turn in memory.open_turns for item in _items(turn, turn.rounds)]))


def _has_outcomes(turn: Turn, round_: Round) -> bool:
    waiting = {call.call_id for call in turn.waiting_calls}
    return round_.ended and not any(call.call_id in waiting for call in round_.calls)


def conversation(memory: Memory) -> ChatContext:
    """What was said and done so far: the history, and of the turns that go on what was told of them, no words that are still being said."""
    if not memory.open_turns:
        return memory.history
    items: Sequence[ChatItem] = memory.history.items
    for turn in memory.open_turns:
        items = _since_opened(items, turn, tuple(_stands(turn)))
    return ChatContext(_distinct(items))


def _stands(turn: Turn) -> Iterator[ChatItem]:
    """What history shows of a turn while it goes on: no reply before it was told, and no call before what it came to was."""
    running = {call.call_id for call in turn.rounds[-1].calls} if turn.unreported else set()
    for item in _items(turn, turn.rounds if turn.heard is None else _spoken(turn, turn.heard)):
        untold = isinstance(item, ChatMessage) and item.role is Role.ASSISTANT and item.id not in turn.told
        if not untold and not (isinstance(item, FunctionCall | FunctionCallOutput) and item.call_id in running):
            yield item


def asked_in(turn: Turn) -> tuple[ChatMessage, ...]:
    """The caller's message of ``turn``, if it has one."""
    if turn.message is not None:
        return (replace(turn.message, extra={**turn.message.extra, **_measured(turn.metrics)}),)
    message = ChatMessage.of(Role.USER, turn.user_text, id=f"{turn.turn_id}.user", created_at=turn.began_wall_s)
    return (replace(message, extra=_measured(turn.metrics)),) if turn.user_text else ()


def kept_message(item_id: str, text: str, at: float, metrics: Mapping[str, Any]) -> ChatMessage:
    """What the caller has said that no turn answers."""
    return replace(ChatMessage.of(Role.USER, text, id=item_id, created_at=at), extra=_measured(metrics))


def settled(turn: Turn, heard: Heard) -> tuple[ChatItem, ...]:
    """What history keeps of ``turn`` when ``heard`` of its reply was heard."""
    if turn.dropped:
        return ()
    if turn.failed:
        return tuple(_given_up(turn, heard))
    return tuple(_items(turn, _spoken(turn, heard)))


def without_calls_of(context: ChatContext, tools: Collection[str]) -> ChatContext:
    """``context`` without the calls of these tools, and without their outcomes."""
    return ChatContext(tuple(item for item in context if not isinstance(item, FunctionCall | FunctionCallOutput) or item.name not in tools))


def appended(history: ChatContext, items: Sequence[ChatItem]) -> ChatContext:
    """The history with ``items`` after it, within its bounds. A summary at its beginning stays."""
    newest = history.items[-1].created_at if history.items else LONG_AGO
    return _bounded((*history, *_never_back(items, newest)))


def inserted(history: ChatContext, turn: Turn, items: Sequence[ChatItem]) -> ChatContext:
    """The history with ``items`` of ``turn`` where their times put them among what came since that opened, within its bounds."""
    return _bounded(_since_opened(history.items, turn, items))


def _since_opened(past: Sequence[ChatItem], turn: Turn, items: Sequence[ChatItem]) -> tuple[ChatItem, ...]:
    """``past`` with ``items`` of ``turn``, none of them before what stood there when it opened."""
    past = _others(past, items)
    stood = max((at for at, item in enumerate(past, 1) if item.created_at <= (turn.opened_wall_s or item.created_at)), default=0)
    newest = past[stood - 1].created_at if stood else LONG_AGO
    return (*past[:stood], *_by_time(past[stood:], tuple(_never_back(items, newest))))


def _by_time(past: Sequence[ChatItem], items: Sequence[ChatItem]) -> tuple[ChatItem, ...]:
    """``past`` with ``items`` where their times put them, in their order; not before what sums up the oldest of it."""
    newest = max((item.created_at for item in past if isinstance(item, Summary)), default=LONG_AGO)
    return ChatContext(_others(past, items)).insert(*_never_back(items, newest)).items


def _others(past: Iterable[ChatItem], items: Sequence[ChatItem]) -> tuple[ChatItem, ...]:
    """``past`` without those of ``items``: a program may have given an agent what was said so far in a turn that goes on."""
    own = {item.id for item in items}
    return tuple(item for item in past if item.id not in own)


def _never_back(items: Iterable[ChatItem], since: float) -> Iterator[ChatItem]:
    """``items`` with times that rise from ``since`` on: the clock may have been set back, and what has not ended has no time of its own."""
    for item in items:
        since = max(since, item.created_at)
        yield item if item.created_at == since else replace(item, created_at=since)


def _settled_so_far(turn: Turn) -> tuple[ChatItem, ...]:
    """What a suspended turn has said and done: no call without its outcome."""
    items = () if turn.failed else _items(turn, _spoken(turn, turn.heard or Heard()))
    waiting = {call.call_id for call in turn.waiting_calls}
    return tuple(item for item in items if not isinstance(item, FunctionCall | FunctionCallOutput) or item.call_id not in waiting)


def _spoken(turn: Turn, heard: Heard) -> tuple[Round, ...]:
    """The rounds of ``turn``, of which so much was heard."""
    rounds = []
    left = heard.sentences
    tail = heard.tail
    for round_ in turn.rounds:
        spoken = round_.sentences[:left]
        if tail and len(spoken) < len(round_.sentences):
            spoken, tail = (*spoken, sentence_begin(round_.sentences[len(spoken)], tail)), ""
        left -= min(left, len(round_.sentences))
        whole = round_.ended and spoken == round_.sentences
        rounds.append(replace(round_, sentences=spoken, ended=True, space=round_.space if whole else ""))
    return tuple(rounds)


def _bounded(items: Sequence[ChatItem]) -> ChatContext:
    """As many of the newest ``items`` as the bounds allow, whole turns. Of a turn that was suspended no output stands without its call."""
    whole = _distinct(items)
    head = next((at for at, item in enumerate(whole) if not isinstance(item, Summary)), len(whole))
    size = sum(map(item_bytes, whole))
    start = head
    while start < len(whole) and (size > MAX_HISTORY_BYTES or head + len(whole) - start > MAX_HISTORY_ITEMS):
        end = next_turn(whole, start)
        size -= sum(map(item_bytes, whole[start:end]))
        start = end
    if start == head:
        return ChatContext(whole)
    calls = {item.call_id for item in whole[start:] if isinstance(item, FunctionCall)}
    kept = (item for item in whole[start:] if not isinstance(item, FunctionCallOutput) or item.call_id in calls)
    return ChatContext((*whole[:head], *kept))


def next_turn(items: Sequence[ChatItem], start: int) -> int:
    """Where the turn ends that begins at ``start``: before the caller's next words."""
    opens = (at for at in range(start + 1, len(items)) if isinstance(items[at], FailedTurn) or _is_users(items[at]))
    return next(opens, len(items))


def summarised(history: ChatContext, until: str, text: str) -> ChatContext:
    """The history in which ``text`` takes the place of the items up to ``until`` (empty: of none, and an older summary stays).

    Hand-offs, updates of the agent and instructions stay, the newest of them.
    """
    end = next((at + 1 for at, item in enumerate(history) if item.id == until), 0)
    oldest = history.items[:end]
    summaries = [item for item in oldest if isinstance(item, Summary)]
    if text and oldest:
        items = len(oldest) - len(summaries) + sum(summary.items for summary in summaries)
        summaries = [Summary(id=f"summary-{until}", created_at=oldest[-1].created_at, text=text, items=items)]
    stays = [item for item in oldest if _lasts(item)]
    return ChatContext(_distinct((*summaries, *stays[-MAX_LASTING_ITEMS:], *history.items[end:])))


def tells_the_same(one: ChatContext, other: ChatContext) -> bool:
    """Whether a model is told the same, whatever the ids, the times and the metrics of the items."""
    return [_timeless(item) for item in one] == [_timeless(item) for item in other]


def _timeless(item: ChatItem) -> ChatItem:
    if isinstance(item, ChatMessage) and MESSAGE_METRICS in item.extra:
        item = replace(item, extra={key: value for key, value in item.extra.items() if key != MESSAGE_METRICS})
    return replace(item, id="", created_at=0.0)


def _measured(metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {MESSAGE_METRICS: metrics} if metrics else {}


def handoff_item(turn_id: str, number: int, handoff: TurnHandoff) -> AgentHandoff:
    """The ``number``-th hand-off of a turn, or after it, as history shows it."""
    return AgentHandoff(
        id=f"{turn_id}.handoff-{number}",
        created_at=max(LONG_AGO, handoff.wall_s),
        old_agent=handoff.old_agent,
        new_agent=handoff.new_agent,
    )


def heard_text(turn: Turn, heard: Heard) -> str:
    """The reply as far as it was heard."""
    return words_of(_spoken(turn, heard))


def item_bytes(item: ChatItem) -> int:
    """What ``item`` takes in the history, in bytes."""
    match item:
        case ChatMessage():
            return n_bytes((item.text,)) + sum(len(image.data) + len(image.url) for image in item.images)
        case FunctionCall():
            return n_bytes((item.name, item.arguments))
        case FunctionCallOutput():
            return n_bytes((item.output,))
        case Summary() | FailedTurn():
            return n_bytes((item.text,))
        case _:
            return 0


def _given_up(turn: Turn, heard: Heard) -> Iterator[ChatItem]:
    calls = tuple(call.name for round_ in turn.rounds for call in round_.calls if call.call_id in turn.begun_calls)
    if turn.text or calls:
        yield FailedTurn(id=f"{turn.turn_id}.failed", created_at=turn.began_wall_s, text=turn.text, tools=tuple(dict.fromkeys(calls)))
    yield from _handoffs(turn)
    if (text := heard_text(turn, heard)) and turn.in_history:
        yield ChatMessage.of(Role.ASSISTANT, text, id=f"{turn.turn_id}.reply", created_at=turn.last_wall_s)


def _told(item: ChatItem) -> ChatItem:
    """An item of the history as the model is told it."""
    if not isinstance(item, FailedTurn):
        return item
    names = MAY_HAVE_RUN.format(names=", ".join(item.tools)) if item.tools else ""
    return ChatMessage.of(Role.SYSTEM, GIVEN_UP + names, id=item.id, created_at=item.created_at)


def _items(turn: Turn, rounds: tuple[Round, ...], instructions: str = "") -> Iterator[ChatItem]:
    """What was asked, said and done in ``rounds`` of ``turn``, in this order."""
    return _never_back(_made(turn, rounds, instructions), turn.began_wall_s)


def _made(turn: Turn, rounds: tuple[Round, ...], instructions: str) -> Iterator[ChatItem]:
    """The items of a turn with the times of the journal, which tells of none for a round that was left unfinished."""
    yield from asked_in(turn)
    if instructions:
        yield ChatMessage.of(Role.SYSTEM, instructions, id=f"{turn.turn_id}.instructions", created_at=turn.began_wall_s)
    yield from _handoffs(turn, 0)
    outcomes = {outcome.call_id: outcome for outcome in turn.outcomes}
    for number, (round_, made) in enumerate(zip(rounds, turn.rounds, strict=False), 1):
        whole = round_.sentences == made.sentences and made.ended
        if (content := round_.text).strip() and turn.in_history:
            yield ChatMessage(
                id=reply_id(turn.turn_id, number),
                created_at=round_.ended_wall_s,
                role=Role.ASSISTANT,
                content=(TextContent(text=content),),
                interrupted=not whole,
                extra=_measured(round_.metrics),
            )
        yield from (replace(call, id=call.call_id, created_at=round_.ended_wall_s) for call in round_.calls)
        for call in _as_ended(turn, round_):
            outcome = outcomes.get(call.call_id)
            yield FunctionCallOutput(
                id=f"{call.call_id}.output",
                created_at=outcome.wall_s if outcome else 0.0,
                call_id=call.call_id,
                name=call.name,
                output=outcome.result if outcome else "",
                is_error=outcome is None or outcome.is_error,
            )
        yield from _handoffs(turn, number)


def _handoffs(turn: Turn, rounds: int | None = None) -> Iterator[AgentHandoff]:
    """The hand-offs of ``turn``: all, or those after so many rounds."""
    for number, handoff in enumerate(turn.handoffs, 1):
        if rounds is None or handoff.rounds == rounds:
            yield handoff_item(turn.turn_id, number, handoff)


def _distinct(items: Sequence[ChatItem]) -> tuple[ChatItem, ...]:
    """``items``, of which those have another id whose id an earlier one has: a program may have put items into the history."""
    known: set[str] = set()
    distinct = []
    for item in items:
        item_id = item.id
        while item_id in known:
            item_id += "'"
        known.add(item_id)
        distinct.append(item if item_id == item.id else replace(item, id=item_id))
    return tuple(distinct)


def _lasts(item: ChatItem) -> bool:
    """Whether no summary stands for it."""
    return isinstance(item, AgentHandoff | AgentConfigUpdate) or (isinstance(item, ChatMessage) and item.instructs)


def _is_users(item: ChatItem) -> bool:
    return isinstance(item, ChatMessage) and item.role is Role.USER
