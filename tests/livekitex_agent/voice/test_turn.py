"""How a session handles turns: from LiveKit's dictionaries, and its older arguments, to the options of a call."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.call_options import WIRE_NAMES
from livekitex_agent.types import NOT_GIVEN
from livekitex_agent.voice.turn import may_interrupt, turn_options

NESTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"turn_detection": "stt"}, {"turn_detection": "stt"}),
    ({"turn_detection": "manual"}, {"turn_detection": "manual"}),
    ({"endpointing": {"min_delay": 0.4}}, {"min_endpointing_delay_ms": 400}),
    ({"endpointing": {"max_delay": 2}}, {"max_endpointing_delay_ms": 2_000}),
    ({"interruption": {"min_duration": 0.25}}, {"min_interruption_ms": 250}),
    ({"interruption": {"min_words": 2}}, {"min_interruption_words": 2}),
    ({"interruption": {"resume_false_interruption": False}}, {"resume_false_interruption": False}),
    ({"preemptive_generation": {"enabled": True}}, {"preemptive_generation": True}),
    ({"preemptive_generation": False}, {"preemptive_generation": False}),
    ({"user_turn_limit": {"max_words": 50}}, {"max_user_turn_words": 50}),
    ({"user_turn_limit": {"max_duration": 30.0}}, {"max_user_turn_s": 30.0}),
]
FLAT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"turn_detection": "vad"}, {"turn_detection": "vad"}),
    ({"min_endpointing_delay": 0.5}, {"min_endpointing_delay_ms": 500}),
    ({"max_endpointing_delay": 3.0}, {"max_endpointing_delay_ms": 3_000}),
    ({"min_interruption_duration": 0.1}, {"min_interruption_ms": 100}),
    ({"min_interruption_words": 3}, {"min_interruption_words": 3}),
    ({"resume_false_interruption": True}, {"resume_false_interruption": True}),
    ({"preemptive_generation": True}, {"preemptive_generation": True}),
]


@pytest.mark.parametrize(("turns", "options"), NESTED)
def test_each_part_of_turn_handling_is_an_option_of_the_call(turns: dict[str, Any], options: dict[str, Any]) -> None:
    assert turn_options(turns, {}) == options


@pytest.mark.parametrize(("flat", "options"), FLAT)
def test_each_of_the_older_arguments_is_an_option_of_the_call(flat: dict[str, Any], options: dict[str, Any]) -> None:
    assert turn_options({}, flat) == options


def test_what_is_said_in_both_ways_counts_as_turn_handling_has_it() -> None:
    turns = {"endpointing": {"min_delay": 1}, "interruption": {"min_words": 0}, "preemptive_generation": {"enabled": False}}
    flat = {"min_endpointing_delay": 2.0, "min_interruption_words": 4, "preemptive_generation": True}
    assert turn_options(turns, flat) == {"min_endpointing_delay_ms": 1_000, "min_interruption_words": 0, "preemptive_generation": False}


@pytest.mark.parametrize("nothing", [NOT_GIVEN, None])
def test_what_is_not_given_decides_nothing(nothing: Any) -> None:
    assert turn_options({}, dict.fromkeys(name for flat, _ in FLAT for name in flat) | {"min_endpointing_delay": nothing}) == {}


@pytest.mark.parametrize("detection", [object(), "realtime_llm", 5])
def test_a_turn_detector_that_is_none_of_ours_is_the_default(detection: object) -> None:
    assert turn_options({"turn_detection": detection}, {}) == {}


def test_what_decides_nothing_is_taken() -> None:
    turns = {
        "endpointing": {"mode": "dynamic", "alpha": 0.9},
        "interruption": {"mode": "adaptive", "backchannel_boundary": 1.0, "discard_audio_if_uninterruptible": True},
        "preemptive_generation": {"preemptive_tts": True, "max_retries": 3},
        "user_turn_limit": {"max_words": None, "max_duration": None},
    }
    assert turn_options(turns, {}) == {}


@pytest.mark.parametrize(
    ("turns", "flat", "allowed"),
    [
        ({}, {}, None),
        ({}, {"allow_interruptions": NOT_GIVEN}, None),
        ({}, {"allow_interruptions": False}, False),
        ({}, {"allow_interruptions": True}, True),
        ({"interruption": {"enabled": False}}, {"allow_interruptions": True}, False),
        ({"interruption": {"enabled": True}}, {"allow_interruptions": False}, True),
        ({"interruption": {"min_words": 1}}, {"allow_interruptions": False}, False),
        ({"interruption": False}, {}, False),
    ],
)
def test_whether_speech_may_be_interrupted(turns: dict[str, Any], flat: dict[str, Any], allowed: bool | None) -> None:
    assert may_interrupt(turns, flat) is allowed


@given(
    turns=st.fixed_dictionaries(
        {},
        optional={
            "turn_detection": st.sampled_from(["stt", "vad", "manual"]),
            "endpointing": st.fixed_dictionaries({"min_delay": st.floats(0, 1), "max_delay": st.floats(1, 10)}),
            "interruption": st.fixed_dictionaries({}, optional={"min_duration": st.floats(0.05, 2), "min_words": st.integers(0, 10)}),
            "preemptive_generation": st.booleans() | st.fixed_dictionaries({}, optional={"enabled": st.booleans()}),
        },
    )
)
def test_what_they_give_has_the_names_and_the_units_that_travel(turns: dict[str, Any]) -> None:
    options = turn_options(turns, {})
    assert set(options) <= set(WIRE_NAMES)
    assert all(type(value) is int for name, value in options.items() if name.endswith("_ms"))
