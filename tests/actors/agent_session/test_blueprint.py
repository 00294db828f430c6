"""A session's arguments: what fits, and what each mistake is told."""

from pathlib import Path
from typing import Any

import pytest

from actors.agent_session.blueprint import Blueprint, read_blueprint, successor
from actors.agent_session.engine.caller_turn import MAX_TURN_MS
from actors.journal import CallDescription
from actors.turn_taking import MuteStrategy
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
    assert (blueprint.turns.endpointing.min_delay_ms, blueprint.turns.max_tool_rounds) == (500, 8)
    assert blueprint.turns.max_context_tokens == 0


def test_a_spoken_call_has_all_and_a_journal_of_its_own() -> None:
    blueprint = read(arguments(agent(voice=True), journal_dir="/var/calls", retention_s=60, last_end="killed", farewell_reason="no more"))
    assert set(blueprint.providers) == set(ProviderKind) - {ProviderKind.TURN_DETECTOR}
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
    blueprint = read(arguments(agent(options={"min_endpointing_delay_ms": 300, "apology": " Sorry. "})))
    assert (blueprint.turns.endpointing.min_delay_ms, blueprint.turns.apology) == (300, "Sorry.")


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ({}, (60, 190)),
        ({"interruption_duck_ms": 0, "interruption_pause_ms": 0}, (0, 0)),
        ({"interruption_duck_ms": 300}, (300, 300)),
        ({"interruption_pause_ms": 10_000}, (60, 10_000)),
    ],
)
def test_how_soon_the_agent_is_softer_and_silent(options: dict[str, Any], times: tuple[int, int]) -> None:
    turns = read(arguments(agent(options={**options, "min_interruption_words": 2, "aec_warmup_s": 0}))).turns
    assert (turns.ducking.duck_ms, turns.ducking.pause_ms) == times
    assert (turns.min_interruption_words, turns.aec_warmup_s) == (2, 0)
    silent = read(arguments(agent())).turns
    assert (silent.min_interruption_words, silent.aec_warmup_s) == (0, 3)


def test_how_long_the_callers_turn_may_be() -> None:
    turns = read(arguments(agent())).turns
    assert (turns.max_user_turn_s, turns.max_user_turn_words) == (MAX_TURN_MS / 1000, 0)
    turns = read(arguments(agent(options={"max_user_turn_s": 8.5, "max_user_turn_words": 50}))).turns
    assert (turns.max_user_turn_s, turns.max_user_turn_words) == (8.5, 50)


DETECTOR = {"factory": "support.scripted_providers:turn_detector", "options": {}}


@pytest.mark.parametrize(
    ("detector", "options", "delays", "predicted", "manual"),
    [
        (None, {}, (500, 1_500), False, False),
        (DETECTOR, {}, (250, 1_500), True, False),
        (DETECTOR, {"turn_detection": "vad"}, (500, 1_500), False, False),
        (DETECTOR, {"turn_detection": "manual"}, (500, 1_500), False, True),
        (DETECTOR, {"turn_detection": "detector", "max_endpointing_delay_ms": 900}, (250, 900), True, False),
        (None, {"min_endpointing_delay_ms": 4_000}, (4_000, 4_000), False, False),
        (None, {"min_endpointing_delay_ms": 0, "max_endpointing_delay_ms": 0}, (0, 0), False, False),
    ],
)
def test_how_long_a_pause_may_be_depends_on_who_judges_it(
    detector: dict[str, Any] | None, options: dict[str, Any], delays: tuple[int, int], predicted: bool, manual: bool
) -> None:
    turns = read(arguments(agent(voice=True, turn_detector=detector, options=options))).turns.endpointing
    assert (turns.min_delay_ms, turns.max_delay_ms) == delays
    assert (turns.predicted, turns.manual, turns.transcribed) == (predicted, manual, False)


@pytest.mark.parametrize(
    ("wire", "options", "delays", "by_stt"),
    [
        ({}, {}, (500, 1_500), False),
        ({}, {"turn_detection": "stt"}, (500, 3_000), True),
        ({"turn_detector": DETECTOR}, {"turn_detection": "stt", "min_endpointing_delay_ms": 200}, (200, 3_000), True),
        ({"vad": None}, {}, (500, 3_000), True),
        ({"vad": None}, {"turn_detection": None}, (500, 3_000), True),
        ({}, {"turn_detection": None}, (500, 1_500), False),
        ({"vad": None}, {"max_endpointing_delay_ms": 700}, (500, 700), True),
    ],
)
def test_the_recogniser_finds_turns_if_it_is_told_to_or_comes_alone(
    wire: dict[str, Any], options: dict[str, Any], delays: tuple[int, int], by_stt: bool
) -> None:
    turns = read(arguments(agent(voice=True, options=options, **wire))).turns.endpointing
    assert (turns.min_delay_ms, turns.max_delay_ms) == delays
    assert (turns.by_stt, turns.predicted, turns.manual) == (by_stt, False, False)


@pytest.mark.parametrize("detection", ["vad", "manual"])
def test_without_a_vad_nobody_else_finds_turns(detection: str) -> None:
    with pytest.raises(ConfigurationError, match=f"turn_detection='{detection}' needs a vad, and it has none: give it one, or use 'stt'"):
        read(arguments(agent(voice=True, vad=None, options={"turn_detection": detection})))


@pytest.mark.parametrize("language", ["", "en", "pt-BR", "zh_Hans_CN", "de-DE-1996"])
def test_the_language_is_a_tag_or_not_known(language: str) -> None:
    assert read(arguments(agent(options={"language": language}))).turns.language == language
    assert read(arguments(agent())).turns.language == "en"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"llm": None}, "has no llm"),
        ({"vad": {"factory": "a:b", "options": {}}}, "has a vad and no stt: to hear it needs an stt"),
        ({"turn_detector": {"factory": "a:b", "options": {}}}, "a turn_detector and hears nothing: give it a vad"),
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
        ({"min_endpointing_delay_ms": -5}, "min_endpointing_delay_ms=-5 must be a number from 0 to 10000"),
        ({"min_endpointing_delay_ms": 900, "max_endpointing_delay_ms": 800}, "=800 must be at least min_endpointing_delay_ms=900"),
        ({"turn_detection": "realtime"}, "turn_detection='realtime' must be None or one of detector, vad, stt, manual"),
        ({"turn_detection": "stt"}, "turn_detection='stt' needs an stt, and it has none"),
        ({"turn_detection": "detector"}, "needs one: give it a turn_detector"),
        ({"language": "English please"}, "language='English please' must be a tag as"),
        ({"language": 5}, "language=5 must be a tag as"),
        ({"resume_false_interruption": 1}, "resume_false_interruption=1 must be true or false"),
        ({"interruption_duck_ms": -1}, "interruption_duck_ms=-1 must be a number from 0 to 10000"),
        ({"interruption_duck_ms": 300, "interruption_pause_ms": 200}, "=200 must be at least interruption_duck_ms=300"),
        ({"interruption_pause_ms": 59}, "=59 must be at least interruption_duck_ms=60"),
        ({"interruption_pause_ms": 250.5}, "interruption_pause_ms=250.5 must be a whole number"),
        ({"min_interruption_words": 1_001}, "min_interruption_words=1001 must be a number from 0 to 1000"),
        ({"min_interruption_words": True}, "min_interruption_words=True must be"),
        ({"aec_warmup_s": -0.1}, "aec_warmup_s=-0.1 must be a number from 0 to 30"),
        ({"aec_warmup_s": "3"}, "aec_warmup_s='3' must be a number"),
        ({"max_user_turn_s": 26}, "max_user_turn_s=26 must be a number from 1 to 25"),
        ({"max_user_turn_words": -1}, "max_user_turn_words=-1 must be a number from 0 to 1000"),
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


OTHER_MODEL = {"factory": "a:b", "options": {}}
VOICE = agent(voice=True, greeting="Welcome.", options={"apology": "Sorry."})


@pytest.mark.parametrize("voice", [True, False], ids=["with the same voice", "without any"])
def test_after_a_hand_off_the_voice_and_the_options_are_the_calls_and_the_rest_is_the_agents(voice: bool) -> None:
    before = read(arguments(VOICE))
    after = successor(before, agent(voice=voice, name="billing", instructions="Be exact.", llm=OTHER_MODEL))
    assert (after.agent, after.instructions, after.greeting, after.tools) == ("billing", "Be exact.", "", ())
    assert after.providers == {**before.providers, ProviderKind.LLM: after.providers[ProviderKind.LLM]}
    assert after.providers[ProviderKind.LLM].factory == "a:b"
    assert (after.turns, after.description, after.call_id) == (before.turns, before.description, before.call_id)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tts": OTHER_MODEL}, "the agent billing has another tts than the call, which keeps its own: give it the same, or none"),
        ({"vad": OTHER_MODEL, "stt": OTHER_MODEL}, "has another vad than the call"),
        ({"turn_detector": DETECTOR}, "has another turn_detector than the call"),
        ({"options": {"apology": "Oh."}}, "the agent billing has options: after a hand-off those of the call hold"),
        ({"llm": None}, "the agent has no llm"),
        ({"llm": {"factory": "a:b", "options": {"api_key": "sk-1"}}}, "looks like a secret"),
        ({"instructions": 5}, "instructions is a int"),
        ({"name": ""}, "name is ''"),
        ({"name": 5}, "name is 5"),
        ({"name": "x" * 65}, "give text of 1 to 64 characters"),
    ],
)
def test_an_agent_that_the_call_cannot_be_handed_to(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidAgentError, match=told):
        successor(read(arguments(VOICE)), agent(voice=True, **({"name": "billing"} | changes)))


def test_a_call_without_a_voice_gets_none() -> None:
    with pytest.raises(InvalidAgentError, match="has another vad than the call"):
        successor(read(arguments()), VOICE | {"options": {}})


@pytest.mark.parametrize(
    ("mute", "read_as"),
    [([], set()), ("tools", {MuteStrategy.TOOLS}), (["first_speech", "always"], {MuteStrategy.FIRST_SPEECH, MuteStrategy.ALWAYS})],
)
def test_when_the_caller_is_muted(mute: object, read_as: set[MuteStrategy]) -> None:
    assert read(arguments(agent(options={"mute": mute}))).turns.mute == read_as


@pytest.mark.parametrize("mute", ["never", ["tools", "never"], [5], {"tools": True}, 5, None])
def test_what_mutes_nobody_is_refused(mute: object) -> None:
    with pytest.raises(ConfigurationError, match=r"mute=.*a list of always, first_speech, tools"):
        read(arguments(agent(options={"mute": mute})))
