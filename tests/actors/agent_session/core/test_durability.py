"""A disk that fails: said once, and made good as soon as it can be."""

from dataclasses import replace

from actors.agent_session.core import Checkpoint, restore
from actors.agent_session.core import inputs as i
from actors.agent_session.core.durability import MAX_RETRY_S
from protocols import EndCall, SessionError
from support.chat import texts
from support.session_world import CHECKED, World


def test_a_disk_that_fails_is_told_once_and_tried_ever_more_rarely() -> None:
    world = World(CHECKED)
    world.subscribe()
    for _ in range(7):
        world.feed(i.JournalFailed(text="disk full"))
    world.commit_all()
    assert [pushed.event for pushed in world.events if isinstance(pushed.event, SessionError)] == [
        SessionError(source="journal", text="disk full", retryable=True)
    ]
    assert [at for at, _ in world.timers] == [2.0, 4.0, 8.0, 16.0, MAX_RETRY_S, MAX_RETRY_S, MAX_RETRY_S]


def test_a_disk_that_fails_for_days_is_tried_all_the_same() -> None:
    world = World(CHECKED)
    world.state = replace(world.state, journal_failures=5_000)
    world.feed(i.JournalFailed(text="disk full"))
    assert [at for at, _ in world.timers] == [MAX_RETRY_S]


def test_a_call_that_ends_on_a_bad_disk_tries_once_more_to_write_that_it_has_ended() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.feed(i.JournalFailed(text="disk full"))
    world.command(EndCall(command_id="end", reason="that is all"))
    world.commit_all()
    assert world.left
    *_, closed = world.transactions
    assert isinstance(closed[-1], Checkpoint)
    assert closed[-1].memory.closed


def test_the_call_goes_on_and_a_checkpoint_makes_good_what_was_lost() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.commit_all()
    world.journal_works = False
    world.feed(i.JournalFailed(text="disk full"))
    world.send("hello")
    for _ in range(9):
        world.commit_all()
        world.think()
    assert world.state.memory.history
    assert restore(world.entries).memory != world.state.memory
    world.journal_works = True
    world.wait()
    world.commit_all()
    assert restore(world.entries).memory == world.state.memory
    world.feed(i.JournalRecovered())
    assert world.state.journal_failures == 0
    world.kill()
    world.subscribe()
    world.send("again")
    world.settle()
    assert texts(world.state.memory.history)[::2] == ["hello", "again"]


def test_events_that_no_disk_holds_are_announced_as_missed() -> None:
    world = World(CHECKED)
    world.commit_all()
    world.journal_works = False
    world.send("hello")
    world.settle()
    world.journal_works = True
    world.feed(i.JournalRetryDue())
    world.commit_all()
    world.kill()
    world.subscribe()
    world.settle()
    assert [(pushed.number, type(pushed.event).__name__) for pushed in world.events][:2] == [(1, "CallStarted"), (14, "EventsMissed")]
