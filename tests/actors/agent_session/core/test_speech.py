"""How far a reply was heard."""

from dataclasses import replace

import pytest

from actors.agent_session.core.memory import Heard, Round, Turn, TurnSource
from actors.agent_session.core.speech import heard_at
from support.session_world import CHECKED, SPOKEN, VOICE_HZ

TURN = Turn(
    turn_id="turn-1",
    source=TurnSource.TEXT,
    text="hello",
    rounds=(Round(sentences=("One two three four.", "Five six seven.", "Eight.")),),
    starts=(0, 2 * VOICE_HZ),
)


@pytest.mark.parametrize(
    ("played", "heard"),
    [
        (0, Heard()),
        (VOICE_HZ, Heard(tail="One two")),
        (2 * VOICE_HZ, Heard(sentences=1)),
        (2 * VOICE_HZ + VOICE_HZ // 2, Heard(sentences=1, tail="Five")),
        (99 * VOICE_HZ, Heard(sentences=1, tail="Five six seven.")),
        (None, Heard(sentences=1)),
    ],
)
def test_a_position_is_a_place_in_the_text(played: int | None, heard: Heard) -> None:
    assert heard_at(SPOKEN, TURN, played) == heard


def test_nothing_was_heard_of_a_reply_that_was_not_begun() -> None:
    assert heard_at(SPOKEN, replace(TURN, starts=()), 500) == Heard()


def test_what_is_written_is_heard_in_a_call_without_a_voice() -> None:
    assert heard_at(CHECKED, TURN, None) == Heard(sentences=3)
