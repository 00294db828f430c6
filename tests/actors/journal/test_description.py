"""What a call is, on file: enough to start it again, and no secret."""

from typing import Any

import pytest

from actors.journal import CallDescription
from protocols import InvalidAgentError


def record(**changes: Any) -> CallDescription:
    return CallDescription(**({"call_id": "c1", "run_id": "r1", "agent": {}, "options": {}, "began_wall_s": 5.0} | changes))


def test_a_start_becomes_a_record_without_what_concerns_only_this_start() -> None:
    options = {"run_id": "r1", "retention_s": 60, "journal_dir": "/calls", "last_end": "killed", "farewell_reason": "no more"}
    agent = {"instructions": "Be brief.", "llm": {"factory": "a:b", "options": {"x": [1, {"y": None}]}}, "tts": None}
    made = CallDescription.of_start("c1", agent, options, 5.0)
    assert made == record(agent=agent, options={name: options[name] for name in ("run_id", "retention_s", "journal_dir")}, retention_s=60.0)
    assert made.is_open
    assert CallDescription.decode(made.encode()) == made
    assert not record(ended_wall_s=9.0).is_open
    assert CallDescription.of_start("c1", {}, {}, 5.0) == record(run_id="")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"agent": {"llm": {"factory": "a:b", "options": {"api_key": "k"}}}}, r"llm\.api_key"),
        (
            {"agent": {"tts": {"factory": "a:b", "options": {"headers": {"Authorization": "Bearer 123456789"}}}}},
            r"tts\.headers\.Authorization",
        ),
        ({"options": {"room_token": "t"}}, r"options\.room_token"),
    ],
)
def test_a_secret_is_refused_with_the_cure(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidAgentError, match=rf"{place} looks like a secret, .*name the environment variable that holds it"):
        record(**changes)
