"""What a call works with while an agent has it: the agent's own providers and rules, and its session's for the rest."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from actors import make_vad
from livekitex_agent import Agent, AgentSession, ProgramPlace
from livekitex_agent.program.parts import make_parts
from livekitex_agent.program.providers import default_vad
from livekitex_agent.testing import TestSession, Utterance
from livekitex_agent.testing.fakes import scripted_llm, scripted_stt
from livekitex_agent.testing.fakes.written_voice import read_aloud
from protocols import AgentChanged, AgentMessage, PlaybackStarted, SessionError, UserMessage, UserTurnCommitted
from support.own_providers_program import CLOSED, HEARD, SAID

pytestmark = pytest.mark.asyncio
HELLO = Utterance(text="hello to you all in there")
HEARS_BANK = [("bank", "hello to you all in there")]
HEARS_SHOP = [("shop", "hello to you all in there")]


@pytest.fixture(autouse=True)
def nothing_noted() -> Iterator[None]:
    for notes in (HEARD, SAID, CLOSED):
        notes.clear()
    yield
    for notes in (HEARD, SAID, CLOSED):
        notes.clear()


def place(name: str = "shop") -> ProgramPlace:
    return ProgramPlace(place="support.own_providers_program", agent_name=name)


def whose(notes: list[tuple[str, str]]) -> list[str]:
    return [name for name, _ in notes]


async def heard_from(call: TestSession, first: int = 0) -> str:
    """What was heard of the agent since the ``first`` piece of its audio, all in one rate."""
    pieces = call.audio[first:]
    (rate_hz,) = {piece.rate_hz for piece in pieces}
    return read_aloud(b"".join(piece.pcm for piece in pieces), rate_hz)


async def test_an_agent_hears_speaks_and_thinks_with_its_own_while_it_has_the_call_and_the_sessions_come_back() -> None:
    async with TestSession(place()) as call:
        await call.run(audio=HELLO)
        assert (whose(HEARD), whose(SAID)) == (["shop"], ["shop"])
        await call.run(user_input="bank")
        for notes in (HEARD, SAID):
            notes.clear()
        await call.run(audio=HELLO)
        assert HEARD == HEARS_BANK
        assert SAID == [("bank", "This is bank who speaks to you.")]
        await call.run(user_input="shop")
        for notes in (HEARD, SAID):
            notes.clear()
        await call.run(audio=HELLO)
        assert HEARD == HEARS_SHOP
        assert SAID == [("shop", "This is shop who speaks to you.")]
        assert {piece.rate_hz for piece in call.audio} == {24_000}
        assert not [event for event in call.events if isinstance(event.event, SessionError)]


async def test_a_model_that_another_agent_still_asks_is_not_closed_by_a_hand_off() -> None:
    async with TestSession(place()) as call:
        for asked in ("writer", "bank", "shop", "louder"):
            await call.run(user_input=asked)
        assert CLOSED == []
        await call.perform(lambda handle: handle.end())
    assert CLOSED == ["shop"]


async def test_what_another_voice_says_is_of_the_calls_rate() -> None:
    async with TestSession(place()) as call:
        await call.run(user_input="bank")
        first = len(call.audio)
        await call.run(user_input="hello")
        assert len(await heard_from(call, first)) == len("This is bank who speaks to you.")


async def test_after_a_death_the_agent_that_has_the_call_hears_and_speaks_with_its_own() -> None:
    async with TestSession(place()) as call:
        await call.run(user_input="bank")
        await call.kill()
        for notes in (HEARD, SAID):
            notes.clear()
        await call.run(audio=HELLO)
        assert HEARD == HEARS_BANK
        assert SAID == [("bank", "This is bank who speaks to you.")]
        await call.run(user_input="shop")
        SAID.clear()
        await call.run(user_input="hello")
        assert whose(SAID) == ["shop"]
        assert {piece.rate_hz for piece in call.audio} == {24_000}


async def test_speech_that_a_kill_interrupts_is_said_on_by_the_voice_that_has_begun_it() -> None:
    async with TestSession(place()) as call:
        await call.run(user_input="bank")
        call.kill_when(PlaybackStarted)
        await call.run(user_input="hello")
        assert {name for name, text in SAID if text.startswith("This is")} == {"bank"}
        told = [(event.event.text, event.event.interrupted) for event in call.events if isinstance(event.event, AgentMessage)]
        assert told[-1:] == [("This is bank who speaks to you.", False)]
        assert len(told) == 2


async def test_what_the_caller_says_during_a_hand_off_is_heard_once() -> None:
    async with TestSession(place()) as call:
        await call.run(audio=[Utterance(text="bank please and then i go on", pause_s=0.55), Utterance(text="to say some more of all that")])
        said = " ".join(event.event.text for event in call.events if isinstance(event.event, UserMessage))
        assert said == "bank please and then i go on to say some more of all that"


async def test_an_agent_without_a_voice_writes_and_the_voice_comes_back() -> None:
    async with TestSession(place()) as call:
        await call.run(user_input="writer")
        await call.run(user_input="hello")
        before = len(SAID)
        run = await call.run(user_input="hello")
        run.expect.contains_message(role="assistant", text="This is shop who speaks to you.")
        assert len(SAID) == before
        await call.run(user_input="bank")
        await call.run(user_input="hello")
        assert SAID[-1] == ("bank", "This is bank who speaks to you.")


async def test_a_call_that_began_without_a_voice_is_given_one_by_an_agent() -> None:
    async with TestSession(place("writer")) as call:
        await call.run(user_input="hello")
        assert (SAID, call.audio) == ([], ())
        await call.run(user_input="bank")
        await call.run(user_input="hello")
        assert SAID[-1] == ("bank", "This is bank who speaks to you.")
        assert await heard_from(call)
        await call.kill()
        await call.run(user_input="hello")
        assert {piece.rate_hz for piece in call.audio} == {8_000}


async def test_an_agent_whose_detector_hears_nothing_hears_nothing_and_the_next_one_does() -> None:
    async with TestSession(place()) as call:
        await call.run(user_input="deaf")
        await call.run(audio=HELLO)
        assert HEARD == []
        await call.run(user_input="shop")
        await call.run(audio=HELLO)
        assert HEARD == HEARS_SHOP


async def test_an_agent_takes_turns_by_its_own_rules() -> None:
    async with TestSession(place()) as call:
        await call.run(user_input="patient")
        assert [event.event.new for event in call.events if isinstance(event.event, AgentChanged)] == ["patient"]
        await call.run(audio=HELLO)
        await call.run(user_input="shop")
        await call.run(audio=HELLO)
        ends = [event.event.by for event in call.events if isinstance(event.event, UserTurnCommitted)]
        assert [by for by in ends if by != "text"] == ["limit", "endpointing"]
        assert HEARD == HEARS_SHOP * 2


async def test_another_voice_that_a_running_agent_is_given_speaks_from_the_next_sentence_on() -> None:
    async with TestSession(place()) as call:
        await call.run(user_input="louder")
        SAID.clear()
        await call.run(user_input="hello")
        assert whose(SAID) == ["megaphone"]


@pytest.mark.parametrize(
    ("session", "agent", "wanted"),
    [
        ({"stt": "streams"}, {}, True),
        ({"stt": "streams", "vad": None}, {}, False),
        ({"stt": "streams", "vad": None, "turn_detection": "manual"}, {}, True),
        ({"stt": "streams"}, {"vad": None, "turn_handling": {"turn_detection": "vad"}}, True),
        ({"stt": "utterances", "vad": None}, {}, True),
        ({}, {"stt": "streams"}, True),
        ({}, {}, False),
    ],
)
async def test_who_hears_has_a_detector_of_voice_unless_the_program_wants_none_and_needs_none(
    session: dict[str, Any], agent: dict[str, Any], wanted: bool
) -> None:
    recognisers = {"streams": scripted_stt({"streaming": True}), "utterances": scripted_stt({})}

    def given(options: dict[str, Any]) -> dict[str, Any]:
        return options | ({"stt": recognisers[options["stt"]]} if "stt" in options else {})

    async with AgentSession[None](llm=scripted_llm({}), **given(session)) as running:
        await running.start(Agent(instructions="You hear.", **given(agent)))
        parts = make_parts(running._live(), running.current_agent)  # type: ignore[arg-type]  # it is one
        assert (parts.providers.vad is not None) is wanted
        assert parts.providers.vad is make_parts(running._live(), running.current_agent).providers.vad, "the same each time"  # type: ignore[arg-type]


async def test_the_detector_that_nobody_has_given_is_the_best_that_is_there() -> None:
    assert default_vad().factory == f"actors.providers.vad:{'silero' if find_spec('onnxruntime') else 'energy'}"
    assert make_vad(default_vad()).capabilities.frame_ms > 0
