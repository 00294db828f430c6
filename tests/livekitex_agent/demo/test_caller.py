"""The demo's caller: says his lines in turn, repeats when asked or not heard, and hangs up in the end."""

from dataclasses import replace

from livekitex_agent.demo.caller import (
    MAX_REPEATS,
    PATIENCE_S,
    PAUSE_S,
    Act,
    Caller,
    Phase,
    decide,
    ended,
    finished_line,
    heard_reply,
    heard_something,
)

CALLER = Caller(lines=("one", "two"))


def test_he_answers_a_moment_after_the_agent_has_spoken() -> None:
    caller = heard_reply(CALLER, "Hello", 1.0)
    assert decide(caller, 1.0)[1] is Act.WAIT
    caller, act = decide(caller, 1.0 + PAUSE_S)
    assert (act, caller.next_line, caller.phase) == (Act.SPEAK, 1, Phase.SPEAKING)


def test_he_does_not_hear_while_he_speaks() -> None:
    speaking, _ = decide(heard_reply(CALLER, "Hello", 0.0), PAUSE_S)
    assert heard_reply(speaking, "And", 2.0) == speaking


def test_asked_again_he_says_the_same_line() -> None:
    caller = finished_line(decide(heard_reply(CALLER, "Hello", 0.0), PAUSE_S)[0], 2.0)
    caller, act = decide(heard_reply(caller, "Sorry, I did not understand that.", 3.0), 3.0 + PAUSE_S)
    assert (act, caller.next_line, caller.repeats) == (Act.SPEAK, 1, 1)
    caller = heard_reply(finished_line(caller, 5.0), "Fine.", 6.0)
    assert (caller.next_line, caller.repeats) == (1, 0)


def test_a_greeting_that_says_sorry_repeats_nothing() -> None:
    assert heard_reply(CALLER, "Sorry to keep you waiting", 0.0).repeats == 0


def test_unheard_he_says_it_again_until_he_has_enough() -> None:
    caller, act, now = heard_reply(CALLER, "Hello", 0.0), Act.WAIT, 0.0
    spoken = 0
    while act is not Act.HANG_UP:
        now += PATIENCE_S
        caller, act = decide(caller, now)
        if act is Act.SPEAK:
            spoken += 1
            caller = finished_line(caller, now)
    assert spoken == MAX_REPEATS + 1


def test_life_on_the_line_renews_his_patience() -> None:
    caller = heard_something(finished_line(CALLER, 0.0), PATIENCE_S)
    assert decide(caller, PATIENCE_S + 1) == (caller, Act.WAIT)
    about_to_speak = heard_reply(CALLER, "Hello", 0.0)
    assert heard_something(about_to_speak, 9.0) == about_to_speak


def test_after_his_last_line_he_hangs_up() -> None:
    done = replace(CALLER, next_line=2, phase=Phase.ABOUT_TO_SPEAK)
    caller, act = decide(done, PAUSE_S)
    assert act is Act.HANG_UP
    assert decide(caller, 100.0) == (ended(caller), Act.WAIT)
    assert heard_reply(caller, "Hello?", 101.0) == caller
