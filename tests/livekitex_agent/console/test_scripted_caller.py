"""A caller with prepared lines speaks when it is quiet, and never into the agent's words."""

from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.console.scripted_caller import (
    ANSWERED_S,
    GREETING_S,
    LIMIT_S,
    PATIENCE_S,
    Next,
    ScriptedCaller,
    began_line,
    decide,
    finished_line,
    heard_reply,
    heard_something,
    saw_state,
)
from protocols import ConversationState


def test_he_lets_the_agent_greet_him_and_begins_if_it_does_not() -> None:
    caller = ScriptedCaller(since_s=0.0)
    assert decide(caller, GREETING_S - 0.01) is Next.WAIT
    assert decide(caller, GREETING_S) is Next.SPEAK
    greeted = heard_reply(saw_state(saw_state(caller, "speaking", 0.1), "idle", 2.0), 2.0)
    assert decide(greeted, 2.0) is Next.WAIT
    assert decide(greeted, 2.0 + ANSWERED_S) is Next.SPEAK


def test_he_waits_longer_for_an_agent_that_has_not_answered() -> None:
    caller = finished_line(began_line(ScriptedCaller(since_s=0.0), 1.0), 2.0)
    assert caller.lines == 1
    assert decide(caller, 2.0 + ANSWERED_S) is Next.WAIT
    assert decide(caller, 2.0 + PATIENCE_S) is Next.SPEAK


def test_nothing_is_said_while_a_line_is_said() -> None:
    caller = began_line(ScriptedCaller(since_s=0.0), 0.0)
    assert decide(caller, 2 * LIMIT_S) is Next.WAIT


def test_a_death_and_the_agents_voice_are_waited_for() -> None:
    caller = heard_reply(ScriptedCaller(since_s=0.0), 1.0)
    assert decide(heard_something(caller, 1.3), 1.3 + ANSWERED_S / 2) is Next.WAIT


def test_a_conversation_that_hangs_is_given_up() -> None:
    caller = saw_state(ScriptedCaller(since_s=0.0), "thinking", 1.0)
    assert decide(caller, LIMIT_S) is Next.WAIT
    assert decide(caller, 1.0 + LIMIT_S) is Next.GIVE_UP


@given(st.sampled_from(list(ConversationState)), st.booleans(), st.floats(0, 1000))
def test_he_never_speaks_out_of_turn(state: ConversationState, answered: bool, now: float) -> None:
    caller = ScriptedCaller(since_s=0.0, state=state, answered=answered)
    if decide(caller, now) is Next.SPEAK:
        assert state is ConversationState.IDLE
        assert now >= ANSWERED_S
