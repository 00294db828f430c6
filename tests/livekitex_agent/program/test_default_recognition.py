"""What an `stt_node` does that is not overridden, with each kind of recogniser behind it."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent.program.default_recognition import NODE_AUDIO, HandedOn, NodeAudio, recognize_by_default
from livekitex_agent.stt import SpeechEventType
from livekitex_agent.utils.audio_frame import new_frame
from livekitex_agent.utils.pushed_frames import FrameFlush
from protocols import MAX_BUFFERED_S, STT, AudioChunk, FinalTranscript, SpeechStarted, STTCapabilities, Transcript

pytestmark = pytest.mark.asyncio
RATE_HZ = 16_000


class Stream:
    """Tells how much it was given, once that has ended."""

    def __init__(self) -> None:
        self.samples = 0
        self.flushes = 0
        self.closed = False
        self._ended = asyncio.Event()

    def push(self, audio: AudioChunk) -> None:
        """Count."""
        assert audio.rate_hz == RATE_HZ
        self.samples += len(audio.pcm) // 2

    def flush(self) -> None:
        """Count."""
        self.flushes += 1

    def end_input(self) -> None:
        """Tell."""
        self._ended.set()

    async def aclose(self) -> None:
        """Note it."""
        self.closed = True

    async def __aiter__(self) -> AsyncIterator[Any]:
        """The count."""
        yield SpeechStarted(at_ms=0)
        await self._ended.wait()
        yield FinalTranscript(transcript=Transcript(text=f"{self.samples} samples"))


class Recogniser(STT):
    """One of ours, which streams or takes utterances alone."""

    rate_hz = RATE_HZ

    def __init__(self, *, streams: bool) -> None:
        self._streams = streams
        self.begun = Stream()

    @property
    def capabilities(self) -> STTCapabilities:
        """Whether it streams."""
        return STTCapabilities(streaming=self._streams)

    def stream(self) -> Any:
        """Begin one."""
        return self.begun

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """Say how long it is."""
        return Transcript(text=f"{len(pcm) // 2} samples" if any(pcm) else "")


async def frames(*of: Any) -> AsyncIterator[Any]:
    for frame in of:
        yield frame


def sound(samples: int, rate_hz: int = RATE_HZ) -> Any:
    return new_frame(b"\1\1" * samples, rate_hz)


def recognised(stt: STT | None, audio: Any) -> AsyncIterator[Any]:
    activity: Any = SimpleNamespace(call=SimpleNamespace(media=asyncio.get_running_loop()))
    return recognize_by_default(activity, stt, audio)


def text(event: Any) -> str:
    assert event.type is SpeechEventType.FINAL_TRANSCRIPT
    return str(event.alternatives[0].text)


async def test_without_a_recogniser_it_says_so() -> None:
    with pytest.raises(RuntimeError, match="no STT node is available"):
        await anext(recognised(None, frames()))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
async def test_a_stream_is_given_all_of_the_audio_at_its_rate(rate_hz: int) -> None:
    stt = Recogniser(streams=True)
    began, final = [event async for event in recognised(stt, frames(*[sound(rate_hz // 10, rate_hz)] * 5))]
    assert began.type is SpeechEventType.START_OF_SPEECH
    assert text(final) == "8000 samples"
    assert stt.begun.closed


async def test_who_gives_up_ends_the_stream() -> None:
    stt = Recogniser(streams=True)

    async def endless() -> AsyncIterator[Any]:
        while True:
            yield sound(160)
            await asyncio.sleep(0)

    events = recognised(stt, endless())
    await anext(events)
    await events.aclose()  # type: ignore[attr-defined]
    assert stt.begun.closed


async def test_utterances_end_where_somebody_has_paused_and_silence_is_nothing() -> None:
    audio = NodeAudio(frames(sound(100), FrameFlush(), FrameFlush(), new_frame(bytes(200), RATE_HZ), FrameFlush(), sound(50)))
    token = NODE_AUDIO.set(audio)
    try:
        heard = [text(event) async for event in recognised(Recogniser(streams=False), audio)]
    finally:
        NODE_AUDIO.reset(token)
    assert heard == ["100 samples", "50 samples"]


async def test_of_an_utterance_the_last_half_minute_is_kept() -> None:
    second = sound(RATE_HZ)
    (heard,) = [text(event) async for event in recognised(Recogniser(streams=False), frames(*[second] * 40))]
    assert heard == f"{int(MAX_BUFFERED_S * RATE_HZ)} samples"


async def test_what_comes_after_a_hand_off_is_not_this_nodes() -> None:
    source = frames(sound(1), HandedOn(), sound(2))
    audio = NodeAudio(source)
    assert [frame.samples_per_channel async for frame in audio] == [1]
    assert audio.handed_on.is_set()
    assert [frame.samples_per_channel async for frame in audio] == []
    assert [frame.samples_per_channel async for frame in NodeAudio(source)] == [2]
