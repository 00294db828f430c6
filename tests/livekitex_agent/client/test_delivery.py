import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.client import delivery
from livekitex_agent.client.delivery import FIRST_RESEND_S, RESEND_S, Delivery, Done, Fail, Send, Wait
from protocols import CapacityError, CommandAccepted, ErrorReply, InvalidToolError, SessionUnavailableError

ACCEPTED = CommandAccepted(command_id="c")


def begun() -> Delivery:
    return delivery.begin("SendText", 100.0, 30.0)


def test_it_is_sent_at_once_and_again_while_there_is_no_answer() -> None:
    state, first = delivery.due(begun(), 100.0)
    assert first == Send(30.0)
    assert state.wake_at == 100.0 + FIRST_RESEND_S
    assert delivery.due(state, 100.1) == (state, Wait())
    state, again = delivery.due(state, 100.0 + FIRST_RESEND_S)
    assert again == Send(pytest.approx(30.0 - FIRST_RESEND_S))
    assert state.wake_at == 100.0 + FIRST_RESEND_S + RESEND_S
    assert state.sends == 2


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


def test_a_lasting_request_is_sent_again_only_when_it_was_lost() -> None:
    state, first = delivery.due(delivery.begin("the drain", 100.0, 30.0, lasting=True), 100.0)
    assert (first, state.wake_at) == (Send(30.0), 130.0)
    refused, _ = delivery.answered(state, ErrorReply(error="SystemUnavailableError", text="restarting", retryable=True), 110.0)
    for lost in (refused, delivery.unanswered(state, "nobody has the name x", 110.0)):
        assert lost.wake_at == 110.0 + RESEND_S
        assert delivery.due(lost, lost.wake_at)[1] == Send(20.0 - RESEND_S)
    assert delivery.due(delivery.revived(state, 110.0), 110.0)[1] == Send(20.0)


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
    sendings = 0
    now = 0.0
    while True:
        state, outcome = delivery.due(state, now)
        if isinstance(outcome, Fail):
            break
        sendings += isinstance(outcome, Send)
        now = state.wake_at
    assert sendings <= 2 + timeout_s / RESEND_S
