"""What is on by default in a room, and how LiveKit's older options become the newer ones."""

import logging
from typing import Any

import pytest

from livekitex_agent.voice.room_io import (
    AudioInputOptions,
    AudioOutputOptions,
    RoomInputOptions,
    RoomOptions,
    RoomOutputOptions,
    TextInputEvent,
    TextInputOptions,
    TextOutputOptions,
    VideoInputOptions,
    reply_to_text,
)


def test_all_but_video_is_on_by_default() -> None:
    options = RoomOptions.of()
    assert options.get_text_input_options() == TextInputOptions()
    assert options.get_audio_input_options() == AudioInputOptions()
    assert options.get_audio_output_options() == AudioOutputOptions()
    assert options.get_text_output_options() == TextOutputOptions()
    assert options.get_video_input_options() is None
    assert RoomOptions(video_input=True).get_video_input_options() == VideoInputOptions()


def test_a_kind_is_off_or_as_its_options_say() -> None:
    own = AudioInputOptions(sample_rate=16_000)
    options = RoomOptions(text_input=False, audio_input=own, audio_output=True, text_output=False)
    assert options.get_text_input_options() is None
    assert options.get_audio_input_options() is own
    assert options.get_audio_output_options() == AudioOutputOptions()
    assert options.get_text_output_options() is None
    assert RoomOptions.of(options) is options
    with pytest.raises(ValueError, match="expected RoomOptions, got"):
        RoomOptions.of("all")  # type: ignore[arg-type]


def test_older_options_are_taken(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        options = RoomOptions.of(
            room_input_options=RoomInputOptions(
                text_enabled=False, audio_sample_rate=16_000, video_enabled=True, participant_identity="caller", close_on_disconnect=False
            ),
            room_output_options=RoomOutputOptions(audio_enabled=False, sync_transcription=False, transcription_speed_factor=2.0),
        )
    assert "deprecated" in caplog.text
    assert options.get_text_input_options() is None
    assert options.get_audio_input_options() == AudioInputOptions(sample_rate=16_000)
    assert options.get_video_input_options() == VideoInputOptions()
    assert options.get_audio_output_options() is None
    assert options.get_text_output_options() == TextOutputOptions(sync_transcription=False, transcription_speed_factor=2.0)
    assert options.participant_identity == "caller"
    assert not options.close_on_disconnect
    new = RoomOptions()
    assert RoomOptions.of(new, RoomInputOptions(text_enabled=False)) is new


@pytest.mark.asyncio
async def test_what_the_caller_writes_interrupts_and_is_answered() -> None:
    done: list[Any] = []

    class Session:
        async def interrupt(self) -> None:
            done.append("interrupted")

        def generate_reply(self, *, user_input: str) -> None:
            done.append(user_input)

    await reply_to_text(Session(), TextInputEvent(text="two pizzas"))
    assert done == ["interrupted", "two pizzas"]
