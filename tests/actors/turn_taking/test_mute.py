"""When the caller is not listened to."""

from itertools import product

import pytest

from actors.turn_taking import MuteStrategy, is_muted

M = MuteStrategy


@pytest.mark.parametrize(
    ("strategy", "first_turn", "tools_run", "muted"),
    [
        (M.FIRST_SPEECH, True, False, True),
        (M.FIRST_SPEECH, False, True, False),
        (M.TOOLS, False, True, True),
        (M.TOOLS, True, False, False),
        (M.ALWAYS, False, False, True),
    ],
)
def test_each_strategy_by_itself(strategy: MuteStrategy, first_turn: bool, tools_run: bool, muted: bool) -> None:
    assert is_muted({strategy}, agent_has_turn=True, first_turn=first_turn, tools_run=tools_run) is muted


def test_who_speaks_while_the_agent_has_no_turn_is_heard_and_without_a_strategy_everybody_is() -> None:
    for first_turn, tools_run in product((False, True), repeat=2):
        assert not is_muted(set(MuteStrategy), agent_has_turn=False, first_turn=first_turn, tools_run=tools_run)
        assert not is_muted((), agent_has_turn=True, first_turn=first_turn, tools_run=tools_run)
