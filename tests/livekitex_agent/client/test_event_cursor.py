from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.client.event_cursor import EventCursor, Verdict
from protocols import CallStarted, EventPushed, EventsMissed, PlaybackProgress


def pushed(number: int, missed: int = 0) -> EventPushed:
    event = EventsMissed(count=missed) if missed else CallStarted(call_id="c")
    return EventPushed(call_id="c", number=number, incarnation=1, wall_s=0.0, event=event)


def test_each_once_and_in_order() -> None:
    cursor = EventCursor(3)
    assert cursor.offer(pushed(2)) == (cursor, Verdict.REPEATED)
    assert cursor.offer(pushed(4)) == (cursor, Verdict.GAP)
    assert cursor.offer(pushed(3)) == (EventCursor(4), Verdict.DELIVER)


def test_what_was_missed_closes_the_gap() -> None:
    assert EventCursor(3).offer(pushed(9, missed=7)) == (EventCursor(10), Verdict.DELIVER)
    assert EventCursor(10).offer(pushed(9, missed=7))[1] is Verdict.REPEATED


def test_a_reader_has_missed_only_what_he_had_not_read() -> None:
    assert EventCursor(5).offer(pushed(9, missed=7)) == (EventCursor(10), Verdict.DELIVER)
    assert EventCursor(5).seen(pushed(9, missed=7)) == pushed(9, missed=5)
    assert EventCursor(9).seen(pushed(9)) == pushed(9)


def test_what_is_not_kept_is_for_who_has_just_had_the_event_before_it() -> None:
    passing = EventPushed(call_id="c", number=4, incarnation=1, wall_s=0.0, event=PlaybackProgress(speech_id="s", position_ms=1, text="x"))
    assert EventCursor(5).offer(passing) == (EventCursor(5), Verdict.DELIVER)
    assert EventCursor(4).offer(passing) == (EventCursor(4), Verdict.REPEATED)  # who is behind, and so misses it
    assert EventCursor(6).offer(passing) == (EventCursor(6), Verdict.REPEATED)  # who is ahead: it is an older incarnation's


def test_what_another_reader_missed_does_not_hide_what_this_one_can_still_have() -> None:
    assert EventCursor(2).offer(pushed(9, missed=7)) == (EventCursor(2), Verdict.GAP)


@given(st.integers(1, 9), st.lists(st.tuples(st.integers(1, 9), st.integers(0, 20), st.integers(0, 20)), max_size=8))
def test_whatever_is_kept_when_it_is_asked_for_each_event_is_delivered_or_counted_as_missed(
    start: int, replays: Sequence[tuple[int, int, int]]
) -> None:
    """Each replay begins where somebody wanted it, with a word about what is not kept any more; readers share one subscription."""
    cursor, delivered, oldest = EventCursor(start), 0, 1
    for behind, forgotten, length in replays:
        first = max(1, cursor.next_number - behind)
        oldest += forgotten
        replay = [pushed(oldest - 1, missed=oldest - first)] if oldest > first else []
        for event in [*replay, *map(pushed, range(max(first, oldest), max(first, oldest) + length))]:
            after, verdict = cursor.offer(event)
            if verdict is Verdict.DELIVER:
                seen = cursor.seen(event).event
                delivered += seen.count if isinstance(seen, EventsMissed) else 1
                cursor = after
            assert delivered == cursor.next_number - start


@given(st.integers(0, 5), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))))
def test_any_replays_give_each_event_once_and_in_order(start: int, replays: Sequence[tuple[int, int]]) -> None:
    """Each replay is what a session pushes after a subscription: the events from one number on, cut off by the next death."""
    cursor = EventCursor(start)
    delivered = []
    for first, length in replays:
        for number in range(first, first + length):
            cursor, verdict = cursor.offer(pushed(number))
            if verdict is Verdict.DELIVER:
                delivered.append(number)
    assert delivered == list(range(start, start + len(delivered)))
