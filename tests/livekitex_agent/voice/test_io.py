"""What can be put into a session, and when it is told that it is used."""

import asyncio
from typing import Any

import pytest

from livekitex_agent.utils import AudioFrame
from livekitex_agent.voice.io import AgentInput, AgentOutput, AudioInput, AudioOutput, AudioOutputCapabilities, TextOutput

FRAME = AudioFrame(bytes(20), 16_000, 1, 10)


class Source(AudioInput):
    """A source of one frame, which keeps what it is told."""

    def __init__(self, source: AudioInput | None = None) -> None:
        super().__init__(label="source", source=source)
        self.told: list[str] = []

    def on_attached(self) -> None:
        self.told.append("attached")
        super().on_attached()

    def on_detached(self) -> None:
        self.told.append("detached")
        super().on_detached()


class Microphone(Source):
    """A source with a frame of its own."""

    async def __anext__(self) -> Any:
        return FRAME


class Speaker(AudioOutput):
    """A sink which plays nothing by itself."""

    def __init__(self, label: str = "speaker", *, pause: bool = True, wraps: AudioOutput | None = None) -> None:
        super().__init__(label=label, capabilities=AudioOutputCapabilities(pause=pause), next_in_chain=wraps, sample_rate=24_000)
        self.told: list[str] = []

    async def capture_frame(self, frame: Any) -> None:
        await super().capture_frame(frame)
        if self.next_in_chain is not None:
            await self.next_in_chain.capture_frame(frame)

    def flush(self) -> None:
        super().flush()
        if self.next_in_chain is not None:
            self.next_in_chain.flush()

    def clear_buffer(self) -> None:
        self.told.append("cleared")

    def pause(self) -> None:
        self.told.append("paused")
        super().pause()

    def resume(self) -> None:
        self.told.append("resumed")
        super().resume()

    def on_attached(self) -> None:
        self.told.append("attached")
        super().on_attached()

    def on_detached(self) -> None:
        self.told.append("detached")
        super().on_detached()


class Lines(TextOutput):
    """A sink of text."""

    def __init__(self) -> None:
        super().__init__(label="lines")
        self.told: list[str] = []

    async def capture_text(self, text: str) -> None:
        self.told.append(text)

    def flush(self) -> None:
        self.told.append("end")

    def on_attached(self) -> None:
        self.told.append("attached")

    def on_detached(self) -> None:
        self.told.append("detached")


def test_a_source_is_told_when_it_is_used_and_its_session_when_it_changes() -> None:
    switched: list[bool] = []
    changed: list[str] = []
    given = AgentInput(switched.append, audio_changed=lambda: changed.append("audio"))
    source, other = Source(), Source()
    assert given.audio is None
    assert given.audio_enabled
    given.audio = source
    given.audio = source
    given.set_audio_enabled(True)
    given.set_audio_enabled(False)
    given.set_audio_enabled(False)
    given.audio = other
    given.set_audio_enabled(True)
    assert source.told == ["attached", "detached", "detached"]
    assert other.told == ["detached", "attached"]
    assert switched == [False, True]
    assert changed == ["audio", "audio"]
    given.set_video_enabled(False)
    assert not given.video_enabled
    assert given.video is None


def test_a_sink_is_told_when_it_is_used() -> None:
    heard: list[bool] = []
    written: list[bool] = []
    given = AgentOutput(heard.append, written.append)
    speaker, lines = Speaker(), Lines()
    given.audio, given.transcription = speaker, lines
    given.set_audio_enabled(False)
    given.set_transcription_enabled(False)
    given.set_video_enabled(False)
    given.audio, given.transcription, given.video = None, None, None
    assert speaker.told == lines.told == ["attached", "detached", "detached"]
    assert (heard, written) == ([False], [False])
    assert (given.audio_enabled, given.transcription_enabled, given.video_enabled) == (False, False, False)


@pytest.mark.asyncio
async def test_a_wrapper_gives_what_its_source_gives() -> None:
    microphone = Microphone()
    wrapper = Source(microphone)
    wrapper.on_attached()
    async for frame in wrapper:
        assert frame is FRAME
        break
    assert microphone.told == ["attached"]
    assert repr(wrapper) == f"Source(label='source', source={microphone!r})"
    with pytest.raises(NotImplementedError):
        await anext(Source())


@pytest.mark.asyncio
async def test_a_playout_is_waited_for_until_each_segment_is_over() -> None:
    speaker = Speaker()
    assert not (await speaker.wait_for_playout()).interrupted, "nothing was captured"
    for _ in range(2):
        await speaker.capture_frame(FRAME)
        await speaker.capture_frame(FRAME)
        speaker.flush()
    assert speaker.captured_playout_segments == 2
    waiters = [asyncio.create_task(speaker.wait_for_playout()) for _ in range(2)]
    finished: list[Any] = []
    speaker.on("playback_finished", finished.append)
    speaker.on_playback_finished(playback_position=1.0, interrupted=False)
    await asyncio.sleep(0)
    assert not any(waiter.done() for waiter in waiters)
    speaker.on_playback_finished(playback_position=0.5, interrupted=True, synchronized_transcript="Hel")
    assert [await waiter for waiter in waiters] == [finished[1]] * 2
    assert (finished[1].playback_position, finished[1].synchronized_transcript) == (0.5, "Hel")
    speaker.on_playback_finished(playback_position=2.0, interrupted=False)
    assert len(finished) == 2, "more ends than segments are passed over"


@pytest.mark.asyncio
async def test_what_a_sink_tells_its_wrapper_tells() -> None:
    sink = Speaker(pause=False)
    wrapper = Speaker("wrapper", wraps=sink)
    told: list[Any] = []
    for event in ("playback_started", "playback_progressed", "playback_finished"):
        wrapper.on(event, told.append)
    await wrapper.capture_frame(FRAME)
    wrapper.flush()
    sink.on_playback_started(created_at=3.0)
    sink.on_playback_progressed(started_at=3.0, offset=0.0, duration=0.5)
    sink.on_playback_finished(playback_position=0.5, interrupted=False)
    assert [type(event).__name__ for event in told] == ["PlaybackStartedEvent", "PlaybackProgressedEvent", "PlaybackFinishedEvent"]
    wrapper.pause()
    wrapper.resume()
    assert sink.told == ["paused", "resumed"]
    assert (wrapper.can_pause, Speaker().can_pause) == (False, True)


@pytest.mark.asyncio
async def test_the_tail_of_a_chain_is_replaced_and_nobody_waits_for_the_old_one() -> None:
    given = AgentOutput()
    old, new = Speaker("old"), Speaker("new")
    given.replace_audio_tail(old)
    assert given.audio is old
    wrapper = Speaker("wrapper", wraps=old)
    given.audio = wrapper
    await wrapper.capture_frame(FRAME)
    wrapper.flush()
    given.replace_audio_tail(new)
    assert given.audio is wrapper
    assert wrapper.next_in_chain is new
    assert (await wrapper.wait_for_playout()).interrupted
    assert "cleared" in old.told
    old.on_playback_started(created_at=1.0)
    await wrapper.capture_frame(FRAME)
    wrapper.flush()
    new.on_playback_finished(playback_position=1.0, interrupted=False)
    assert not (await wrapper.wait_for_playout()).interrupted
