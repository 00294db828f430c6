"""How far a reply was heard."""

from dataclasses import replace

import pytest

from actors.agent_session.core import KeptSpeech
from actors.agent_session.core.memory import Heard, Round, Sentence, Turn, TurnSource
from actors.agent_session.core.speech import heard_at
from support.session_world import CHECKED, SPOKEN, VOICE_HZ

TURN = Turn(
    turn_id="turn-1",
    source=TurnSource.TEXT,
    text="hello",
    rounds=(Round(sentences=tuple(map(Sentence, ("One two three four.", "Five six seven.", "Eight.")))),),
    starts=(0, 2 * VOICE_HZ),
)


KEPT = KeptSpeech(heard=500, heard_index=1, heard_char=0, stretches=(), next_index=2, next_char=0)


@pytest.mark.parametrize(
    ("kept", "heard"),
    [
        (replace(KEPT, heard_index=0), Heard()),
        (replace(KEPT, heard_index=0, heard_char=7), Heard(tail="One two")),
        (KEPT, Heard(sentences=1)),
        (replace(KEPT, heard_char=4), Heard(sentences=1, tail="Five")),
        (replace(KEPT, heard_char=99), Heard(sentences=1, tail="Five six seven.")),
        (replace(KEPT, heard_index=3), Heard(sentences=3)),
        (None, Heard(sentences=1)),
    ],
)
def test_what_is_kept_tells_how_far_it_was_heard(kept: KeptSpeech | None, heard: Heard) -> None:
    assert heard_at(SPOKEN, TURN, kept) == heard


def test_nothing_was_heard_of_a_reply_that_was_not_begun() -> None:
    assert heard_at(SPOKEN, replace(TURN, starts=()), None) == Heard()


def test_what_is_written_is_heard_in_a_call_without_a_voice() -> None:
    assert heard_at(CHECKED, TURN, None) == Heard(sentences=3)
