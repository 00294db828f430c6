import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.client import delivery
from livekitex_agent.client.delivery import FIRST_PAUSE_S, MAX_PAUSE_S, Delivery, Done, Fail, Send, Wait
from protocols import CapacityError, CommandAccepted, ErrorReply, InvalidToolError, SessionUnavailableError

ACCEPTED = CommandAccepted(command_id="c")


def begun() -> Delivery:
    return delivery.begin("SendText", 100.0, 30.0)


def test_it_is_sent_at_once_and_then_waits_for_its_answer() -> None:
    state, first = delivery.due(begun(), 100.0)
    assert first == Send(30.0)
    assert state.wake_at == 130.0
    assert delivery.due(state, 129.0) == (state, Wait())
    assert state.sends == 1


def test_an_attempt_that_failed_for_now_is_followed_by_another_after_growing_pauses() -> None:
    state, now, pauses = begun(), 100.0, []
    for _ in range(6):
        state, outcome = delivery.due(state, now)
        assert isinstance(outcome, Send)
        state = delivery.unanswered(state, "nobody has the name x", now)
        pauses.append(round(state.wake_at - now, 3))
        now = state.wake_at
    assert pauses == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert (FIRST_PAUSE_S, MAX_PAUSE_S) == (0.2, 2.0)
    revived = delivery.unanswered(delivery.revived(state, now), "nobody", now)
    assert revived.wake_at == pytest.approx(now + FIRST_PAUSE_S)


def test_a_new_life_is_sent_to_at_once() -> None:
    state, _ = delivery.due(begun(), 100.0)
    state, outcome = delivery.due(delivery.revived(state, 100.05), 100.05)
    assert isinstance(outcome, Send)


def test_any_other_answer_than_a_refusal_is_the_end() -> None:
    assert delivery.answered(begun(), ACCEPTED, 100.0)[1] == Done(ACCEPTED)


def test_a_refusal_that_may_pass_is_waited_out_and_told_at_the_end() -> None:
    refusal = ErrorReply(error="SystemUnavailableError", text="restarting", retryable=True)
    state, outcome = delivery.answered(begun(), refusal, 100.0)
    assert outcome == Wait()
    _, outcome = delivery.due(state, 130.0)
    assert isinstance(outcome, Fail)
    assert isinstance(outcome.error, SessionUnavailableError)
    assert str(outcome.error) == "SendText was not accepted within 30 s (restarting); try again"


def test_a_reached_bound_is_told_at_once() -> None:
    _, outcome = delivery.answered(begun(), ErrorReply(error="CapacityError", text="no room", retryable=True), 100.0)
    assert isinstance(outcome, Fail)
    assert isinstance(outcome.error, CapacityError)


def test_a_final_refusal_is_the_error_that_it_was() -> None:
    _, outcome = delivery.answered(begun(), ErrorReply(error="InvalidToolError", text="no such tool", retryable=False), 100.0)
    assert isinstance(outcome, Fail)
    assert isinstance(outcome.error, InvalidToolError)


def test_why_there_was_no_answer_is_told_at_the_end() -> None:
    _, outcome = delivery.due(delivery.unanswered(begun(), "nobody has the name x", 100.0), 130.0)
    assert isinstance(outcome, Fail)
    assert "(nobody has the name x)" in str(outcome.error)


def test_the_end_of_the_call_is_the_end() -> None:
    error = delivery.ended(begun(), "normal").error
    assert (str(error), error.retryable) == ("SendText was not accepted: the call has ended (normal)", False)


@given(st.lists(st.floats(0.0, 10.0)), st.floats(0.1, 20.0))
def test_it_always_ends_at_its_deadline_and_never_after(steps: list[float], timeout_s: float) -> None:
    now = 100.0
    state = delivery.begin("x", now, timeout_s)
    for pause in steps:
        state, outcome = delivery.due(state, now)
        assert isinstance(outcome, Fail) == (now >= 100.0 + timeout_s)
        assert state.wake_at <= 100.0 + timeout_s
        if isinstance(outcome, Send):
            assert 0 < outcome.timeout_s <= timeout_s + 1e-9
        now += pause


@pytest.mark.parametrize("timeout_s", [0.5, 3.0, 30.0])
def test_the_number_of_sendings_is_bounded(timeout_s: float) -> None:
    state = delivery.begin("x", 0.0, timeout_s)
    now = 0.0
    while True:
        state, outcome = delivery.due(state, now)
        if isinstance(outcome, Fail):
            break
        state = delivery.unanswered(state, "nobody", now)
        now = state.wake_at
    assert state.sends <= 4 + timeout_s / MAX_PAUSE_S
