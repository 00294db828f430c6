"""Agents that hear by nodes of their own: what they make of the caller's audio is what he has said."""

from collections.abc import Iterator

import pytest

from livekitex_agent import ProgramPlace
from livekitex_agent.testing import TestSession, Utterance
from protocols import SessionError, UserMessage
from support.listening_program import HEARD

pytestmark = pytest.mark.asyncio
RECOGNISERS = ("words", "utterances", "theirs")
FISH = Utterance(text="yesterday at the sea i saw a fish")


@pytest.fixture(autouse=True)
def nothing_heard() -> Iterator[None]:
    HEARD.clear()
    yield
    HEARD.clear()


def place(name: str) -> ProgramPlace:
    return ProgramPlace(place="support.listening_program", agent_name=name)


def said(call: TestSession) -> list[str]:
    return [event.event.text for event in call.events if isinstance(event.event, UserMessage)]


@pytest.mark.parametrize("name", RECOGNISERS)
async def test_what_the_node_makes_of_the_words_is_what_the_caller_has_said(name: str) -> None:
    async with TestSession(place(name)) as call:
        await call.run(audio=FISH)
        await call.run(audio=FISH)
        assert said(call) == ["yesterday at the sea i saw a whale", "yesterday at the sea i saw a whale"]
        assert HEARD == [("listener", "yesterday at the sea i saw a fish")] * 2
        assert not [event for event in call.events if isinstance(event.event, SessionError)]


async def test_a_node_may_recognise_by_itself_and_give_texts() -> None:
    async with TestSession(place("none")) as call:
        await call.run(audio=FISH)
        assert said(call) == ["a sound"]


@pytest.mark.parametrize("name", ["words", "utterances"])
async def test_after_a_hand_off_the_next_agents_node_hears(name: str) -> None:
    async with TestSession(place(name)) as call:
        await call.run(audio=Utterance(text="please count it for me, will you"))
        await call.run(audio=FISH)
        assert said(call) == ["please count it for me, will you", "a sound"]


async def test_after_a_hand_off_to_an_agent_without_a_node_the_sessions_recogniser_hears() -> None:
    async with TestSession(place("words")) as call:
        await call.run(audio=Utterance(text="please go on to whom you want"))
        await call.run(audio=FISH)
        assert said(call) == ["please go on to whom you want", "yesterday at the sea i saw a fish"]


@pytest.mark.parametrize("name", RECOGNISERS)
@pytest.mark.parametrize("at_s", [0.1, 0.25, 0.5])
async def test_what_was_not_recognised_at_a_kill_is_heard_again_by_the_node(name: str, at_s: float) -> None:
    async with TestSession(place(name)) as call:
        call.kill_when(at_s)
        await call.run(audio=FISH)
        assert said(call) == ["yesterday at the sea i saw a whale"]
