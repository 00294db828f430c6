"""When the demo kills: in the state asked for, in the middle of a sentence, once a line, never too early."""

import pytest

from livekitex_agent.console.killer import MID_SENTENCE_S, STATES, KillAt, Killer, decide, saw_state


@pytest.mark.parametrize("kill_at", KillAt)
def test_it_kills_in_the_state_asked_for(kill_at: KillAt) -> None:
    killer = saw_state(Killer(kill_at=kill_at, left=1, first_line=2), STATES[kill_at], 2, 10.0)
    killer, kill = decide(killer, 2, 10.0 + MID_SENTENCE_S)
    assert kill
    assert killer.left == 0
    assert decide(saw_state(killer, STATES[kill_at], 3, 20.0), 3, 99.0)[1] is False


def test_somebody_who_speaks_is_cut_off_in_the_middle() -> None:
    killer = saw_state(Killer(kill_at=KillAt.SPEAKING, left=1, first_line=1), "speaking", 1, 10.0)
    assert decide(killer, 1, 10.0) == (killer, False)
    assert saw_state(killer, "speaking", 1, 10.2) == killer, "the delay runs from the first moment"
    assert decide(saw_state(killer, "idle", 1, 10.3), 1, 99.0)[1] is False, "he had stopped by himself"


def test_not_before_its_line_and_once_a_line() -> None:
    killer = Killer(kill_at=KillAt.TOOL, left=2, first_line=3)
    assert saw_state(killer, "tool_execution", 2, 0.0).armed_at_s is None
    killer, kill = decide(saw_state(killer, "tool_execution", 3, 1.0), 3, 1.0)
    assert kill
    assert saw_state(killer, "tool_execution", 3, 2.0).armed_at_s is None
    assert decide(saw_state(killer, "tool_execution", 4, 3.0), 4, 3.0)[1]
