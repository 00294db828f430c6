from livekitex_agent.client import subscription
from livekitex_agent.client.subscription import ANSWER_S, GAP_PATIENCE_S, QUIET_S, RETRY_S, Subscription
from protocols import Subscribe, Subscribed

ANSWER = Subscribed(next_number=9, next_sequence=4, incarnation=1, os_pid=77)


def standing(now: float = 100.0) -> Subscription:
    state, message = subscription.tick(subscription.wanted(Subscription(), 5, audio=False, now=now), now)
    assert message == Subscribe(from_number=5, audio=False)
    return subscription.subscribed(state, ANSWER, now)


def test_nothing_is_asked_for_before_anybody_reads() -> None:
    assert subscription.tick(Subscription(), 100.0) == (Subscription(), None)
    assert Subscription().wake_at is None


def test_a_subscription_without_answer_is_sent_again() -> None:
    state, _ = subscription.tick(subscription.wanted(Subscription(), 0, audio=True, now=100.0), 100.0)
    assert state.wake_at == 100.0 + ANSWER_S
    assert subscription.tick(state, 100.0 + ANSWER_S)[1] == Subscribe(from_number=0, audio=True)


def test_while_nobody_has_the_name_it_is_sent_again_soon_and_at_once_to_a_new_life() -> None:
    state, _ = subscription.tick(subscription.wanted(Subscription(), 0, audio=True, now=100.0), 100.0)
    state = subscription.unanswered(state, 100.0)
    assert state.wake_at == 100.0 + RETRY_S
    assert subscription.revived(state, 100.1).wake_at == 100.1


def test_a_quiet_session_is_asked_again_and_events_put_that_off() -> None:
    state = standing()
    assert state.wake_at == 100.0 + QUIET_S
    state = subscription.heard(state, 103.0)
    assert state.wake_at == 103.0 + QUIET_S
    assert subscription.tick(state, 104.0)[1] is None
    assert subscription.tick(state, 103.0 + QUIET_S)[1] == Subscribe(from_number=5, audio=False)


def test_an_event_before_the_answer_puts_nothing_off() -> None:
    state, _ = subscription.tick(subscription.wanted(Subscription(), 0, audio=False, now=100.0), 100.0)
    assert subscription.heard(state, 100.1) == state


def test_a_gap_is_asked_for_at_once_but_not_twice() -> None:
    state = standing()
    assert subscription.missing(state, 101.0).wake_at == 101.0
    assert subscription.missing(state, 100.05).wake_at == 100.05 + GAP_PATIENCE_S


def test_a_gap_found_while_an_answer_is_on_its_way_is_not_forgotten() -> None:
    state, _ = subscription.tick(subscription.wanted(Subscription(), 5, audio=False, now=100.0), 100.0)
    state = subscription.subscribed(subscription.missing(state, 100.1), ANSWER, 100.15)
    state = subscription.heard(state, 100.16)
    assert state.wake_at == 100.1 + GAP_PATIENCE_S
    state, message = subscription.tick(state, 100.1 + GAP_PATIENCE_S)
    assert message is not None
    assert subscription.subscribed(state, ANSWER, 101.0).wake_at == 101.0 + QUIET_S


def test_readers_that_go_on_need_no_new_subscription() -> None:
    state = subscription.wanted(standing(), 7, audio=False, now=101.0)
    assert state.wake_at == 100.0 + QUIET_S
    assert subscription.tick(state, 100.0 + QUIET_S)[1] == Subscribe(from_number=7, audio=False)


def test_a_reader_of_older_events_or_a_first_listener_needs_one() -> None:
    assert subscription.wanted(standing(), 2, audio=False, now=101.0).wake_at == 101.0
    assert subscription.wanted(standing(), 5, audio=True, now=101.0).wake_at == 101.0
