"""How a session handles turns: from LiveKit's dictionaries, and its older arguments, to the options of a call."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import plan_turns
from livekitex_agent.call_options import WIRE_NAMES
from livekitex_agent.types import NOT_GIVEN
from livekitex_agent.voice.turn import kept_options, may_interrupt, turn_options
from protocols import ConfigurationError, ProviderKind

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
    ({"user_turn_limit": {"max_duration": 20.0}}, {"max_user_turn_s": 20.0}),
    ({"user_turn_limit": {"max_duration": None, "max_words": None}}, {"max_user_turn_s": 25, "max_user_turn_words": 0}),
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
    assert turn_options({"turn_detection": detection}, {}) == {"turn_detection": None}
    assert kept_options(turn_options({"turn_detection": detection}, {}), hears=True) == {}


def test_what_decides_nothing_is_taken() -> None:
    turns = {
        "endpointing": {"mode": "dynamic", "alpha": 0.9},
        "interruption": {"mode": "adaptive", "backchannel_boundary": 1.0, "discard_audio_if_uninterruptible": True},
        "preemptive_generation": {"preemptive_tts": True, "max_retries": 3},
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


@pytest.mark.parametrize(
    ("turns", "options"),
    [
        ({"user_turn_limit": {"max_duration": 60.0, "max_words": 5_000}}, {"max_user_turn_s": 25, "max_user_turn_words": 1_000}),
        ({"user_turn_limit": {"max_duration": math.inf, "max_words": 0}}, {"max_user_turn_s": 25, "max_user_turn_words": 1}),
        ({"user_turn_limit": {"max_duration": 0}}, {"max_user_turn_s": 1}),
        ({"interruption": {"min_duration": 0, "min_words": 60}}, {"min_interruption_ms": 50, "min_interruption_words": 60}),
        ({"interruption": {"min_duration": math.inf, "min_words": 1.5}}, {"min_interruption_ms": 10_000, "min_interruption_words": 2}),
        ({"interruption": {"resume_false_interruption": 1}}, {"resume_false_interruption": True}),
        ({"endpointing": {"min_delay": -1, "max_delay": 60}}, {"min_endpointing_delay_ms": 0, "max_endpointing_delay_ms": 10_000}),
    ],
)
def test_what_livekit_takes_is_never_refused_but_the_nearest_that_can_be(turns: dict[str, Any], options: dict[str, Any]) -> None:
    assert turn_options(turns, {}) == options
    plan_turns(turn_options(turns, {}), (ProviderKind.VAD, ProviderKind.STT))


def test_an_agents_none_lifts_the_limit_of_its_session_and_its_default_detection_the_choice() -> None:
    session = turn_options({"user_turn_limit": {"max_duration": 5.0, "max_words": 9}, "turn_detection": "manual"}, {})
    agent = turn_options({"user_turn_limit": {"max_duration": None, "max_words": None}, "turn_detection": None}, {})
    assert kept_options(session | agent, hears=True) == {"max_user_turn_s": 25, "max_user_turn_words": 0}
    assert kept_options(session | turn_options({}, {}), hears=True) == session


@pytest.mark.parametrize(
    ("options", "hears", "kept"),
    [
        (
            {"min_endpointing_delay_ms": 900, "max_endpointing_delay_ms": 800},
            True,
            {"min_endpointing_delay_ms": 900, "max_endpointing_delay_ms": 900},
        ),
        ({"turn_detection": "stt"}, True, {"turn_detection": "stt"}),
        ({"turn_detection": "stt"}, False, {}),
        ({"turn_detection": "manual"}, False, {"turn_detection": "manual"}),
    ],
)
def test_what_does_not_fit_together_is_made_to_fit(options: dict[str, Any], hears: bool, kept: dict[str, Any]) -> None:
    assert kept_options(options, hears=hears) == kept


@pytest.mark.parametrize("value", [math.nan, "0.5", [1], True])
@pytest.mark.parametrize(
    ("group", "name", "cure"),
    [
        ("endpointing", "min_delay", "give seconds"),
        ("interruption", "min_words", "give a number of words"),
        ("user_turn_limit", "max_duration", "give seconds"),
    ],
)
def test_what_is_no_number_is_refused_by_its_name_with_its_cure(group: str, name: str, cure: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"the program: {name}=.* of its turn handling is no number: {cure}"):
        turn_options({group: {name: value}}, {})
    with pytest.raises(ConfigurationError, match="min_endpointing_delay="):
        turn_options({}, {"min_endpointing_delay": value})


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
