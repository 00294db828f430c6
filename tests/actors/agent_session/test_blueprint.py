"""A session's arguments: what fits, and what each mistake is told."""

from pathlib import Path
from typing import Any

import pytest

from actors.agent_session.blueprint import Blueprint, read_blueprint
from actors.journal import CallDescription
from protocols import ConfigurationError, InvalidAgentError, ProviderKind
from support.scripted_providers import agent


def arguments(wire: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return {"call_id": "c1", "agent": wire or agent(), "options": options}


def read(args: dict[str, Any]) -> Blueprint:
    return read_blueprint(args, 7.0)


def test_a_text_call_has_a_model_and_no_more() -> None:
    blueprint = read(arguments())
    assert set(blueprint.providers) == {ProviderKind.LLM}
    assert (blueprint.journal, blueprint.description.retention_s) == (None, 0.0)
    assert (blueprint.turns.end_silence_ms, blueprint.turns.max_tool_rounds) == (500, 8)


def test_a_spoken_call_has_all_and_a_journal_of_its_own() -> None:
    blueprint = read(arguments(agent(voice=True), journal_dir="/var/calls", retention_s=60, last_end="killed", farewell_reason="no more"))
    assert set(blueprint.providers) == set(ProviderKind)
    assert blueprint.journal == Path("/var/calls/c1")
    assert blueprint.description == CallDescription(
        call_id="c1",
        run_id="",
        agent=agent(voice=True),
        options={"journal_dir": "/var/calls", "retention_s": 60},
        began_wall_s=7.0,
        retention_s=60.0,
    )
    assert (blueprint.last_end, blueprint.farewell_reason) == ("killed", "no more")


def test_an_agent_with_a_secret_is_refused_for_the_journal_would_hold_it() -> None:
    with pytest.raises(InvalidAgentError, match=r"llm\.api_key looks like a secret, .*name the environment variable"):
        read(arguments(agent() | {"llm": {"factory": "a:b", "options": {"api_key": "sk-1"}}}))


def test_the_turn_is_taken_as_the_agent_says() -> None:
    blueprint = read(arguments(agent(options={"end_silence_ms": 300, "apology": " Sorry. "})))
    assert (blueprint.turns.end_silence_ms, blueprint.turns.apology) == (300, "Sorry.")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"llm": None}, "has no llm"),
        ({"vad": {"factory": "a:b", "options": {}}}, "needs both"),
        ({"llm": "gpt"}, "llm is 'gpt'"),
        ({"llm": {"options": {}}}, "llm is"),
        ({"instructions": 5}, "instructions is a int"),
        ({"greeting": None}, "greeting is a NoneType"),
    ],
)
def test_a_malformed_agent_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidAgentError, match=complaint):
        read(arguments(agent(**changes)))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"patience_ms": 1}, "no option patience_ms: it knows min_speech_ms"),
        ({"end_silence_ms": 5}, "end_silence_ms=5 must be a number from 100 to 5000"),
        ({"apology": ""}, "apology='' must be a sentence"),
        ({"repeat": "x" * 301}, "repeat="),
    ],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        read(arguments(agent(options=options)))


@pytest.mark.parametrize("call_id", ["", "../up", "a/b", ".hidden", "a b", 7])
def test_a_call_id_that_is_no_file_name_is_refused(call_id: Any) -> None:
    with pytest.raises(ConfigurationError, match="call_id"):
        read(arguments() | {"call_id": call_id})
