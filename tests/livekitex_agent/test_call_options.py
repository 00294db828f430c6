"""A call's options: typed, or a dict of their shape, or of the names that travel; what travels is what the session reads."""

import re
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from actors.agent_session.blueprint import Blueprint, read_blueprint
from livekitex_agent import Agent
from livekitex_agent.call_options import (
    WIRE_NAMES,
    BackgroundAudioOptions,
    CallOptions,
    DegradationOptions,
    EndpointingOptions,
    InterruptionOptions,
    LimitOptions,
    PreemptiveGenerationOptions,
    ToolOptions,
    TurnHandlingOptions,
)
from protocols import ConfigurationError, InvalidAgentError
from support.scripted_providers import agent

TYPED = CallOptions(
    turn_handling=TurnHandlingOptions(
        turn_detection="vad",
        endpointing=EndpointingOptions(min_delay_ms=300, max_delay_ms=900),
        preemptive_generation=PreemptiveGenerationOptions(enabled=False),
        min_speech_ms=100,
        language="de",
        mute=("tools",),
    ),
    interruption=InterruptionOptions(
        min_duration_ms=400, min_words=2, resume_false_interruption=False, duck_ms=50, pause_ms=150, aec_warmup_s=2.0
    ),
    tools=ToolOptions(max_rounds=3),
    limits=LimitOptions(max_context_tokens=4_000, max_user_turn_s=20.0, max_user_turn_words=200),
    degradation=DegradationOptions(apology="Sorry.", repeat="Again?", farewell="Bye."),
    background_audio=BackgroundAudioOptions(ambient_volume=0.1, thinking_volume=0.4),
    redactor="patterns",
)
SHAPE: dict[str, Any] = {
    "turn_handling": {
        "turn_detection": "vad",
        "endpointing": {"min_delay_ms": 300, "max_delay_ms": 900},
        "preemptive_generation": {"enabled": False},
        "min_speech_ms": 100,
        "language": "de",
        "mute": ("tools",),
    },
    "interruption": {
        "min_duration_ms": 400,
        "min_words": 2,
        "resume_false_interruption": False,
        "duck_ms": 50,
        "pause_ms": 150,
        "aec_warmup_s": 2.0,
    },
    "tools": {"max_rounds": 3},
    "limits": {"max_context_tokens": 4_000, "max_user_turn_s": 20.0, "max_user_turn_words": 200},
    "degradation": {"apology": "Sorry.", "repeat": "Again?", "farewell": "Bye."},
    "background_audio": {"ambient_volume": 0.1, "thinking_volume": 0.4},
    "redactor": "patterns",
}


def read(wire: dict[str, Any]) -> Blueprint:
    return read_blueprint({"call_id": "c1", "agent": agent(voice=True, options=wire), "options": {}}, 0.0)


def test_a_dict_of_their_shape_is_the_same_and_so_is_one_of_the_names_that_travel() -> None:
    assert CallOptions.of(SHAPE) == TYPED == CallOptions.of(TYPED)
    travelling = TYPED.to_wire()
    assert travelling["mute"] == ["tools"]
    assert CallOptions.of(travelling).to_wire() == travelling
    mixed = CallOptions.of({"min_interruption_ms": 400, "interruption": {"min_words": 2}, "tools": ToolOptions(max_rounds=3)})
    assert mixed.to_wire() == {"min_interruption_ms": 400, "min_interruption_words": 2, "max_tool_rounds": 3}


def test_the_session_takes_the_turn_as_they_say() -> None:
    blueprint = read(TYPED.to_wire())
    turns = blueprint.turns
    assert (turns.endpointing.min_delay_ms, turns.endpointing.max_delay_ms, turns.endpointing.predicted) == (300, 900, False)
    assert (turns.min_interruption_ms, turns.min_interruption_words, turns.ducking.pause_ms) == (400, 2, 150)
    assert (turns.language, turns.max_tool_rounds, turns.max_context_tokens) == ("de", 3, 4_000)
    assert (turns.resume_false_interruption, turns.preemptive_generation) == (False, False)
    assert (turns.apology, turns.repeat, turns.farewell) == ("Sorry.", "Again?", "Bye.")
    assert blueprint.redactor == "patterns"


def test_what_is_left_out_is_the_session_s_default_and_does_not_travel() -> None:
    assert CallOptions().to_wire() == {}
    assert read({}).turns == read(CallOptions.of({"turn_handling": {}}).to_wire()).turns


def test_every_option_that_the_session_knows_has_its_place() -> None:
    with pytest.raises(ConfigurationError, match="no option unheard_of") as refused:
        read({"unheard_of": 1})
    known = set(re.findall(r"\w+", str(refused.value).partition("it knows ")[2]))
    assert set(WIRE_NAMES) == known | {"redactor"}
    assert WIRE_NAMES["min_endpointing_delay_ms"] == "turn_handling.endpointing.min_delay_ms"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ([1], r"options is a list: give CallOptions\(\.\.\.\), or a dict of the same shape"),
        ({1: 2}, "options is a dict: give CallOptions"),
        ({"patience": 1}, "options has no option patience: it knows turn_handling, interruption, tools, limits"),
        (
            {"turn_handling": {"endpointing": {"delay": 1}}},
            r"options\.turn_handling\.endpointing has no option delay: it knows min",
        ),
        ({"limits": 5}, r"options\.limits is a int: give"),
    ],
)
def test_what_is_no_option_is_refused_where_the_agent_is_made(given: Any, complaint: str) -> None:
    with pytest.raises(InvalidAgentError, match=complaint):
        Agent.text(instructions="Sell.", options=given).to_wire()


def test_what_a_value_may_be_the_session_says() -> None:
    typed = CallOptions(turn_handling=TurnHandlingOptions(endpointing=EndpointingOptions(min_delay_ms=-5)))
    with pytest.raises(ConfigurationError, match="min_endpointing_delay_ms=-5 must be a number from 0 to 10000"):
        read(Agent.text(instructions="Sell.", options=typed).to_wire()["options"])


def test_they_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        TYPED.tools = ToolOptions()  # type: ignore[misc]
