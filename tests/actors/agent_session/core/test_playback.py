"""What is told of a speech while it is heard."""

from dataclasses import replace

import pytest

from actors.agent_session.core import inputs as i
from protocols import (
    AgentMessage,
    CancelResponse,
    PlaybackFinished,
    PlaybackPaused,
    PlaybackProgress,
    PlaybackResumed,
    PlaybackStarted,
    SendText,
)
from support.session_world import CHECKED, SAMPLES_PER_CHAR, SPOKEN, VOICE_HZ, World

MS_PER_CHAR = SAMPLES_PER_CHAR * 1000 // VOICE_HZ
REPLY = "You said hello. Anything else?"


def events(world: World, *kinds: type) -> list[object]:
    return [pushed.event for pushed in (*world.events, *world.passing) if isinstance(pushed.event, kinds)]


def speaking(setup: object = SPOKEN, samples: int = 400) -> World:
    world = World(setup)  # type: ignore[arg-type]
    world.subscribe()
    world.send("hello")
    while not world.play(samples):
        assert world.commit() or world.think()
    world.commit_all()
    return world


def test_a_speech_is_told_from_its_first_sample_to_its_last() -> None:
    world = speaking()
    world.settle()
    length = (len(REPLY) - 1) * MS_PER_CHAR
    assert events(world, PlaybackStarted, PlaybackFinished) == [
        PlaybackStarted(speech_id="speech-1", position_ms=0),
        PlaybackFinished(speech_id="speech-1", position_ms=length, interrupted=False),
    ]
    told = events(world, PlaybackProgress)
    assert [(event.position_ms, event.text) for event in told] == [  # type: ignore[attr-defined]
        (400, "You"),
        (1_500, "You said hello."),
        (length, REPLY),
    ]


def test_where_it_is_stopped_it_has_finished() -> None:
    world = speaking()
    world.command(CancelResponse(command_id="cancel"))
    world.settle()
    assert events(world, PlaybackFinished) == [PlaybackFinished(speech_id="speech-1", position_ms=400, interrupted=True)]
    assert events(world, AgentMessage)[0] == AgentMessage(speech_id="speech-1", text="You", interrupted=True)


def test_another_incarnation_tells_where_it_goes_on() -> None:
    world = speaking()
    world.kill()
    world.subscribe()
    world.settle()
    started = events(world, PlaybackStarted)
    assert started == [PlaybackStarted(speech_id="speech-1", position_ms=at) for at in (0, 300)]
    assert len(events(world, PlaybackFinished)) == 1


def test_pauses_are_told_where_they_are() -> None:
    world = speaking()
    world.feed(i.SpeechPaused(speech_id="speech-1", position=420))
    world.feed(i.SpeechResumed(speech_id="speech-1", position=420))
    world.commit_all()
    assert events(world, PlaybackPaused, PlaybackResumed) == [
        PlaybackPaused(speech_id="speech-1", position_ms=420),
        PlaybackResumed(speech_id="speech-1", position_ms=420),
    ]


@pytest.mark.parametrize("what", [i.SpeechPaused, i.SpeechResumed, i.SpeechHeard])
def test_word_of_another_speech_is_not_told(what: type) -> None:
    world = speaking()
    before = world.state
    more = {"index": 0, "char": 1} if what is i.SpeechHeard else {}
    world.feed(what(speech_id="speech-9", position=1, **more))
    assert world.state == before


def test_what_is_written_is_not_played() -> None:
    world = World(replace(CHECKED))
    world.subscribe()
    world.command(SendText(command_id="text", text="hello"))
    world.settle()
    assert not events(world, PlaybackStarted, PlaybackProgress, PlaybackFinished)
