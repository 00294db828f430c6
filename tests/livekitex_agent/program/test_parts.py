"""What a call works with while an agent has it: whose provider, which words, tools and options."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from actors import Parts
from livekitex_agent import Agent, AgentSession, ModelSettings, function_tool, provider, vad
from livekitex_agent.llm import ChatContext
from livekitex_agent.program.nodes import NodeVoice, TransformedTTS
from livekitex_agent.program.parts import LEAST_SPEECH_MS, given_provider, make_parts, words_of
from livekitex_agent.program.session_activity import SessionActivity
from livekitex_agent.testing.fakes import scripted_llm, scripted_stt, scripted_tts, scripted_vad
from livekitex_agent.types import NOT_GIVEN
from protocols import ConfigurationError, Instructions, LivekitexError, ProviderKind

LLM = provider(scripted_llm, replies=[{"say": "Yes."}])
OTHER_LLM = provider(scripted_llm, replies=[{"say": "No."}])
TTS, STT, VAD = provider(scripted_tts), provider(scripted_stt), provider(scripted_vad)


@function_tool
async def look() -> str:
    """Look around."""
    return "a table"


@function_tool
async def pay() -> str:
    """Pay."""
    return "paid"


class Speaker(Agent):
    """Speaks by a node of its own."""

    async def tts_node(self, text: Any, model_settings: ModelSettings) -> AsyncIterator[Any]:  # type: ignore[override]
        """Say nothing."""
        return
        yield


class Detector(vad.VAD):
    """A detector of the program's own."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.1))

    def stream(self) -> Any:
        """None begins here."""
        raise NotImplementedError


def agent(cls: type[Agent] = Agent, **given_on: Any) -> Agent:
    return cls(**{"instructions": "Be brief."} | given_on)


def parts_of(of: Callable[[], Agent], look_at: Callable[[SessionActivity, Parts], Any], **session: Any) -> Any:
    """What ``look_at`` finds of the parts of that agent, in a session with another one."""

    async def main() -> Any:
        async with asyncio.timeout(20), AgentSession[None](**{"llm": LLM} | session) as begun:
            await begun.start(agent())
            activity = begun._running
            assert isinstance(activity, SessionActivity)
            return look_at(activity, make_parts(activity, of()))

    return asyncio.run(main())


def blueprint(of: Callable[[], Agent], **session: Any) -> Any:
    return parts_of(of, lambda _, parts: parts.blueprint, **session)


# Whose provider.


@pytest.mark.parametrize(
    ("override", "own", "shared", "serves"),
    [
        ({}, "own", "shared", "own"),
        ({}, NOT_GIVEN, "shared", "shared"),
        ({}, None, "shared", None),
        ({}, NOT_GIVEN, None, None),
        ({}, NOT_GIVEN, NOT_GIVEN, None),
        ({ProviderKind.LLM: "other"}, "own", "shared", "other"),
        ({ProviderKind.LLM: None}, "own", "shared", None),
        ({ProviderKind.TTS: "other"}, "own", "shared", "own"),
    ],
)
def test_an_agents_own_serves_before_its_sessions_and_what_replaces_both_before_all(
    override: Any, own: Any, shared: Any, serves: Any
) -> None:
    activity: Any = SimpleNamespace(overrides=override, session=SimpleNamespace(_providers={"llm": shared}))
    assert given_provider(activity, agent(llm=own), ProviderKind.LLM) == serves


def test_the_blueprint_names_the_providers_that_serve() -> None:
    made = blueprint(lambda: agent(llm=OTHER_LLM), tts=TTS, stt=STT, vad=VAD)
    assert made.providers == {ProviderKind.LLM: OTHER_LLM, ProviderKind.TTS: TTS, ProviderKind.STT: STT, ProviderKind.VAD: VAD}


def test_without_a_model_the_call_has_one_that_refuses() -> None:
    made = blueprint(agent, llm=NOT_GIVEN)
    assert [ref.factory for ref in made.providers.values()] == ["livekitex_agent.program.nodes:NoLLM"]


def test_an_agent_that_gives_up_its_sessions_provider_has_none() -> None:
    made = blueprint(lambda: Agent.text(instructions="Read."), tts=TTS, stt=STT, vad=VAD)
    assert set(made.providers) == {ProviderKind.LLM}


def test_the_same_provider_is_made_once_however_often_the_parts_are() -> None:
    def look_at(activity: SessionActivity, first: Parts) -> bool:
        second = make_parts(activity, of)
        assert first.providers.tts is not None
        return first.providers.llm is second.providers.llm and first.providers.tts is second.providers.tts

    of = agent(tts=TTS)
    assert parts_of(lambda: of, look_at)


@pytest.mark.parametrize("wrong", ["nobody:model", object()])
def test_a_provider_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError):
        blueprint(lambda: agent(llm=wrong))


# Who speaks.


def test_a_node_speaks_also_where_there_is_no_voice_behind_it() -> None:
    def look_at(_: SessionActivity, parts: Parts) -> Any:
        return parts.providers.tts, parts.blueprint.providers[ProviderKind.TTS].factory

    tts, factory = parts_of(lambda: agent(Speaker), look_at, tts_text_transforms=None)
    assert isinstance(tts.provider, NodeVoice)
    assert factory.endswith(":NodeVoice")


def test_what_is_said_is_transformed_unless_the_session_wants_none() -> None:
    def voice(_: SessionActivity, parts: Parts) -> bool:
        return isinstance(parts.providers.tts, TransformedTTS)

    assert parts_of(agent, voice, tts=TTS)
    assert not parts_of(agent, voice, tts=TTS, tts_text_transforms=None)
    assert not parts_of(agent, voice)


@pytest.mark.parametrize(("of", "keeps"), [(agent, True), (lambda: agent(Speaker), False)])
def test_only_a_voice_that_is_not_the_programs_is_asked_for_an_apology_ahead(of: Callable[[], Agent], keeps: bool) -> None:
    assert parts_of(of, lambda _, parts: parts.providers.keeps_apology, tts=TTS) is keeps


# Words.


@pytest.mark.parametrize(("tts", "text"), [(TTS, "Speak briefly."), (NOT_GIVEN, "Write briefly.")])
def test_the_instructions_are_those_for_a_voice_where_there_is_one(tts: Any, text: str) -> None:
    both = Instructions("{modality} briefly.", audio="Speak briefly.", text="Write briefly.")
    assert words_of(agent(instructions=both), voice=tts is TTS) == blueprint(lambda: agent(instructions=both), tts=tts).instructions


def test_the_agent_has_its_own_name_and_words() -> None:
    made = blueprint(lambda: agent(id="desk", instructions="Take orders."))
    assert (made.agent, made.instructions) == ("desk", "Take orders.")


def test_what_it_knows_is_what_it_was_given() -> None:
    known = ChatContext.empty()
    known.add_message(role="user", content="Hello.")
    assert [item.text for item in parts_of(lambda: agent(chat_ctx=known), lambda _, parts: parts.context).messages] == ["Hello."]


# Tools.


def test_it_is_offered_its_sessions_tools_and_its_own() -> None:
    made = parts_of(lambda: agent(tools=[pay]), lambda _, parts: parts, tools=[look])
    assert list(made.tools) == ["look", "pay"]
    assert [(tool["name"], tool["description"], tool["source"]) for tool in made.blueprint.tools] == [
        ("look", "Look around.", "program:look"),
        ("pay", "Pay.", "program:pay"),
    ]


def test_two_tools_of_one_name_are_refused() -> None:
    @function_tool(name="look")
    async def other() -> str:
        """Look elsewhere."""
        return "a chair"

    with pytest.raises((LivekitexError, ValueError), match="look"):
        blueprint(lambda: agent(tools=[other]), tools=[look])


# Options.


def test_how_turns_are_handled_an_agent_says_for_itself_and_its_session_for_what_it_does_not() -> None:
    turns = blueprint(
        lambda: agent(turn_handling={"endpointing": {"max_delay": 2}}),
        turn_handling={"endpointing": {"min_delay": 0.3, "max_delay": 9}},
        stt=STT,
        vad=VAD,
        max_tool_steps=5,
    ).turns
    assert (turns.endpointing.min_delay_ms, turns.endpointing.max_delay_ms, turns.max_tool_rounds) == (300, 2_000, 5)


def test_an_option_that_is_no_number_is_refused_and_one_out_of_range_is_the_nearest_that_can_be() -> None:
    with pytest.raises(ConfigurationError, match="min_delay='soon' of its turn handling is no number: give seconds"):
        blueprint(lambda: agent(turn_handling={"endpointing": {"min_delay": "soon"}}), stt=STT, vad=VAD)
    turns = blueprint(lambda: agent(turn_handling={"endpointing": {"min_delay": -1}}), stt=STT, vad=VAD).turns
    assert turns.endpointing.min_delay_ms == 0


def test_what_a_detector_of_the_programs_own_takes_for_speech_is_speech() -> None:
    turns = blueprint(lambda: agent(vad=Detector()), stt=STT).turns
    assert turns.min_speech_ms == LEAST_SPEECH_MS
    assert blueprint(agent, stt=STT, vad=VAD).turns.min_speech_ms > LEAST_SPEECH_MS


def test_a_call_without_a_voice_has_no_sound_beside_it() -> None:
    async def main(tts: Any) -> Any:
        async with asyncio.timeout(20), AgentSession[None](llm=LLM, tts=tts) as session:
            await session.start(agent())
            session._background = {"ambient_volume": 0.7}
            activity = session._running
            assert isinstance(activity, SessionActivity)
            return make_parts(activity, agent()).blueprint.turns.background.ambient_volume

    assert asyncio.run(main(TTS)) == 0.7
    assert asyncio.run(main(NOT_GIVEN)) != 0.7
