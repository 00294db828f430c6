"""Subscribers get each event once and in order, and those who ask are told how the session is."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.core import Happened, Memory, Push, StoredEvent
from actors.agent_session.core import inputs as i
from actors.agent_session.core.subscribers import MAX_INFO_BYTES, MAX_INFO_ITEMS, MAX_SUBSCRIBERS, replayed
from actors.agent_session.records import encode_entry, stored_event
from protocols import (
    MAX_TEXT_CHARS,
    CallStarted,
    CommandDone,
    EndCall,
    EventsMissed,
    Message,
    Ref,
    SendText,
    SessionInfo,
    Subscribed,
)
from support.chat import said, texts
from support.session_world import CHECKED, SPOKEN, SUBSCRIBER, World


def info(world: World) -> SessionInfo:
    world.requests += 1
    world.feed(i.InfoAsked(request=world.requests))
    answer = world.answers[world.requests]
    assert isinstance(answer, SessionInfo)
    return answer


def subscribe(world: World, who: str, **wanted: Any) -> Message | None:
    world.requests += 1
    asked = {"from_number": 1, "audio": False, "next_sequence": 7} | wanted
    world.feed(i.SubscriptionAsked(request=world.requests, subscriber=Ref(id=who, uid="u", address=""), **asked))
    world.writes = type(world.writes)()
    return world.answers.get(world.requests)


def test_a_subscriber_gets_what_it_missed_and_then_everything_once() -> None:
    world = World(CHECKED)
    world.send("hello")
    world.settle()
    world.subscribe()
    world.send("again")
    world.settle()
    numbers = [pushed.number for pushed in world.events]
    assert numbers == list(range(1, world.state.memory.next_event))
    answer = next(answer for answer in world.answers.values() if isinstance(answer, Subscribed))
    assert (answer.incarnation, answer.next_sequence) == (1, Subscribed.NO_AUDIO_IN)


def test_who_listens_says_which_audio_it_wants_next() -> None:
    world = World(SPOKEN)
    world.requests += 1
    world.feed(i.SubscriptionAsked(request=world.requests, subscriber=SUBSCRIBER, from_number=1, audio=False, next_sequence=7))
    world.commit_all()
    answer = world.answers[world.requests]
    assert isinstance(answer, Subscribed)
    assert answer.next_sequence == 7


def test_a_subscription_waits_for_the_writes_before_it() -> None:
    world = World(CHECKED)
    world.subscribe()
    assert not world.events
    world.commit()
    assert not world.events
    world.commit()
    assert [pushed.event for pushed in world.events] == [CallStarted(call_id="c")]


def test_a_new_subscription_replaces_the_one_before() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.subscribe()
    assert [subscriber.ref for subscriber in world.state.subscribers] == [SUBSCRIBER]


def test_who_unsubscribed_gets_nothing_more() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.commit_all()
    world.feed(i.SubscriptionEnded(subscriber=SUBSCRIBER))
    world.send("hello")
    world.settle()
    assert [pushed.number for pushed in world.events] == [1]


def test_subscribers_have_a_bound() -> None:
    world = World(CHECKED)
    for number in range(MAX_SUBSCRIBERS):
        subscribe(world, f"s{number}")
    assert len(world.state.subscribers) == MAX_SUBSCRIBERS
    world.subscribe()
    world.commit_all()
    assert world.refusal(world.requests).error == "CapacityError"
    subscribe(world, "s3", audio=True)
    assert len(world.state.subscribers) == MAX_SUBSCRIBERS


def test_an_event_goes_to_all_subscribers_at_once() -> None:
    world = World(CHECKED)
    subscribe(world, "one")
    subscribe(world, "two")
    world.command(SendText(command_id="a", text="hello"))
    pushes = [effect for write in world.writes for effect in write.then if isinstance(effect, Push)]
    assert {tuple(ref.id for ref in push.to) for push in pushes} == {("one", "two")}


@pytest.mark.parametrize("logged", [lambda happened: happened, lambda happened: stored_event(encode_entry(happened))])
@given(st.sets(st.integers(1, 30)), st.integers(-3, 40))
def test_what_is_missing_is_announced_with_its_number(
    logged: Callable[[Happened], Happened | StoredEvent], kept: set[int], wanted: int
) -> None:
    log = tuple(logged(Happened(number=n, incarnation=1, wall_s=0.0, event=CommandDone(command_id=str(n)))) for n in sorted(kept))
    told = list(replayed(log, Memory(next_event=31, incarnation=2), wanted, 9.0))
    numbers = [happened.number for happened in told]
    assert numbers == sorted(set(numbers))
    covered = [
        n
        for h in told
        for n in ([h.number] if not isinstance(h.event, EventsMissed) else range(h.number - h.event.count + 1, h.number + 1))
    ]
    assert covered == list(range(max(1, wanted), 31))
    assert {h.number for h in told if not isinstance(h.event, EventsMissed)} == {n for n in kept if n >= wanted}


def test_the_session_says_how_it_is() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.send("use order")
    world.settle()
    world.send("and now")
    told = info(world)
    assert (told.call_id, told.state, told.incarnation, told.user_data_json) == ("c", "thinking", 1, '{"last": "call-1"}')
    assert said(told.history) == [
        ("user", "use order"),
        ("assistant", "One moment."),
        ("tool", "done"),
        ("assistant", "It came back: done."),
        ("user", "and now"),
    ]


def test_the_history_that_is_told_has_bounds() -> None:
    world = World(CHECKED)
    world.subscribe()
    for number in range(MAX_INFO_ITEMS):
        world.send(f"message {number}")
        world.settle()
    told = info(world)
    assert len(told.history) == MAX_INFO_ITEMS
    assert texts(told.history)[-2] == f"message {MAX_INFO_ITEMS - 1}"
    for _ in range(20):
        world.send("x" * MAX_TEXT_CHARS)
        world.settle()
    assert sum(map(len, texts(info(world).history))) <= MAX_INFO_BYTES


def test_a_call_that_closes_before_anybody_listens_waits_for_those_who_come_back() -> None:
    world = World(CHECKED)
    world.send("use look", "one")
    while world.tool is None:
        assert world.commit() or world.think()
    world.finish_tool(end_call="bye")
    world.commit_all()
    world.kill()
    while world.commit() or world.think():
        pass
    assert world.state.memory.closed
    assert not world.left
    world.subscribe()
    world.settle()
    assert world.left
    assert type(world.events[-1].event).__name__ == "CallEnded"


def test_a_life_that_finds_the_call_closed_only_tells_of_it() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.command(EndCall(command_id="end"))
    world.commit()
    world.commit()
    world.transactions.append(world.writes.popleft().entries)  # committed, and killed before anybody was told
    lives = world.state.memory.next_event
    world.kill()
    world.subscribe()
    world.settle()
    assert world.left
    assert [type(pushed.event).__name__ for pushed in world.events] == ["CallStarted", "CommandDone", "CallEnded"]
    assert world.state.memory.next_event == lives
