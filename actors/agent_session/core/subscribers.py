"""Who is told: subscribers to the events and the audio, and those who ask how the session is."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from typing import Final

from actors.agent_session.core.chat import asked_in, inserted, item_bytes
from actors.agent_session.core.closing import leave
from actors.agent_session.core.commands import refused
from actors.agent_session.core.effects import Answer, OpenOutput, Push
from actors.agent_session.core.entries import Happened, StoredEvent
from actors.agent_session.core.inputs import InfoAsked, SubscriptionAsked, SubscriptionEnded
from actors.agent_session.core.memory import Memory
from actors.agent_session.core.state import State, Subscriber
from actors.agent_session.core.transition import Transition, pushed
from protocols import CapacityError, ChatContext, EventsMissed, SessionInfo, Subscribed

MAX_SUBSCRIBERS: Final = 64
"""Beyond that a subscription is refused with `CapacityError`."""
MAX_INFO_ITEMS: Final = 200
MAX_INFO_BYTES: Final = 200_000
"""Of the history in a `SessionInfo`: its newest items within both bounds."""


def on_subscribe(step: Transition, asked: SubscriptionAsked) -> None:
    """Tell ``asked.subscriber`` what it missed, and from now on everything. It replaces its earlier subscription."""
    others = tuple(other for other in step.state.subscribers if other.ref.id != asked.subscriber.id)
    if len(others) >= MAX_SUBSCRIBERS:
        error = CapacityError(f"the session has {MAX_SUBSCRIBERS} subscribers: end another subscription first")
        step.then(Answer(request=asked.request, message=refused(error)))
        return
    memory = step.memory
    step.state = replace(step.state, subscribers=(*others, Subscriber(ref=asked.subscriber, audio=asked.audio)))
    # Behind all earlier writes: whatever is replayed is in the journal, and whatever follows comes after it.
    answer = Subscribed(
        next_number=memory.next_event,
        next_sequence=asked.next_sequence if step.setup.audio_in else Subscribed.NO_AUDIO_IN,
        incarnation=memory.incarnation,
        os_pid=step.setup.os_pid,
    )
    step.then(Answer(request=asked.request, message=answer))
    for happened in replayed(step.state.log, memory, asked.from_number, step.now.wall_s):
        step.then(Push(to=(asked.subscriber,), event=pushed(step.setup.call_id, happened), again=True))
    if asked.audio:
        open_output(step)


def on_unsubscribe(step: Transition, ended: SubscriptionEnded) -> None:
    """Tell ``ended.subscriber`` nothing more."""
    remaining = tuple(other for other in step.state.subscribers if other.ref.id != ended.subscriber.id)
    step.state = replace(step.state, subscribers=remaining)


def on_awaited(step: Transition) -> None:
    """Enough waited for somebody who listens: speak, or, if the call is over, leave."""
    if step.memory.closed:
        leave(step)
    else:
        open_output(step)


def open_output(step: Transition) -> None:
    """Let speech be heard, if it is not yet."""
    if step.setup.voice and not step.state.output_open:
        step.state = replace(step.state, output_open=True)
        step.do(OpenOutput())


def replayed(log: tuple[Happened | StoredEvent, ...], memory: Memory, from_number: int, wall_s: float) -> Iterator[Happened]:
    """The events from ``from_number`` on, with a word about those that do not exist any more."""
    wanted = first = max(1, from_number)
    for happened in reversed(tuple(takewhile(lambda happened: happened.number >= first, _newest_first(log)))):
        if happened.number > wanted:
            yield _missed(wanted, happened.number, memory.incarnation, wall_s)
        yield happened
        wanted = happened.number + 1
    if wanted < memory.next_event:
        yield _missed(wanted, memory.next_event, memory.incarnation, wall_s)


def _newest_first(log: tuple[Happened | StoredEvent, ...]) -> Iterator[Happened]:
    for logged in reversed(log):
        happened = logged.read() if isinstance(logged, StoredEvent) else logged
        if happened is not None:
            yield happened


def on_info(step: Transition, asked: InfoAsked) -> None:
    """Say how the session is."""
    memory, setup = step.memory, step.setup
    info = SessionInfo(
        call_id=setup.call_id,
        state=step.state.phase,
        incarnation=memory.incarnation,
        os_pid=setup.os_pid,
        journal_path=setup.journal_path,
        user_data_json=memory.user_data_json,
        history=_history(step.state),
    )
    step.do(Answer(request=asked.request, message=info))


def _missed(first: int, end: int, incarnation: int, wall_s: float) -> Happened:
    """It takes the number of the last event that is missing, so numbers still rise."""
    return Happened(number=end - 1, incarnation=incarnation, wall_s=wall_s, event=EventsMissed(count=end - first))


def _history(state: State) -> ChatContext:
    turn, history = state.memory.turn, state.memory.history
    for waiting in state.memory.suspended:
        history = inserted(history, waiting, asked_in(waiting))
    if turn is not None:
        history = inserted(history, turn, asked_in(turn))
    items, size = history.items, 0
    first = len(items)
    while first and len(items) - first < MAX_INFO_ITEMS and size + item_bytes(items[first - 1]) <= MAX_INFO_BYTES:
        first -= 1
        size += item_bytes(items[first])
    return ChatContext(items[first:]).copy()
