"""What an `stt_node` does that is not overridden: it recognises with what is behind it, wherever that runs.

To the node it is one stream of audio on the program's loop, whether it is the user's own recogniser, one of ours on the media's loop, or
one that recognises utterances alone.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from livekitex_agent import stt as livekit_stt
from livekitex_agent.program.crossing import post_to, run_on, stream_on
from livekitex_agent.program.providers import SpokenAudio, STTAdapter
from livekitex_agent.stt import SpeechData, SpeechEvent, SpeechEventType
from livekitex_agent.utils.audio_frame import AudioFrameLike
from livekitex_agent.utils.pushed_frames import FrameFlush
from protocols import (
    BYTES_PER_SAMPLE,
    MAX_BUFFERED_S,
    STT,
    AudioChunk,
    FinalTranscript,
    InterimTranscript,
    PreflightTranscript,
    ProviderError,
    RecognitionUsage,
    SpeechEnded,
    SpeechStarted,
    SpeechStream,
    Transcript,
)
from protocols import SpeechEvent as FrozenSpeechEvent

if TYPE_CHECKING:
    from livekitex_agent.program.session_activity import SessionActivity

__all__ = ["NODE_AUDIO", "HandedOn", "NodeAudio", "recognize_by_default"]

NO_STT: Final = "`stt_node` called but no STT node is available"
NODE_AUDIO: ContextVar["NodeAudio | None"] = ContextVar("livekitex_agent_node_audio", default=None)
"""In a node: what it is given, which also tells where somebody has paused."""


class HandedOn(FrameFlush):
    """In a stream's input: what comes now is for the next agent."""


class NodeAudio:
    """The frames of a stream's input, until the next agent's. Of a pause the stream behind is told once the frames before were taken."""

    def __init__(self, frames: AsyncIterable[AudioFrameLike | FrameFlush]) -> None:
        self._frames = aiter(frames)
        self.inner: _Inner | None = None
        self.handed_on = asyncio.Event()

    def __aiter__(self) -> "NodeAudio":
        return self

    async def __anext__(self) -> AudioFrameLike:
        if self.handed_on.is_set():
            raise StopAsyncIteration
        while isinstance(frame := await anext(self._frames), FrameFlush):
            if isinstance(frame, HandedOn):
                self.handed_on.set()
                raise StopAsyncIteration
            if self.inner is not None:
                with suppress(Exception):  # it is over, which its events tell
                    self.inner.flush()
        return frame


class _Inner(Protocol):
    """The stream behind a node; used on the program's loop."""

    def push(self, frame: AudioFrameLike) -> None: ...

    def flush(self) -> None: ...

    def end_input(self) -> None: ...

    def events(self) -> AsyncIterator[Any]: ...

    async def aclose(self) -> None: ...


class _Theirs:
    """The stream of a recogniser of LiveKit's classes, as it is."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - of either family
        self._stream = stream
        self.push, self.flush, self.end_input, self.aclose = stream.push_frame, stream.flush, stream.end_input, stream.aclose

    def events(self) -> AsyncIterator[Any]:
        return aiter(self._stream)


class _Ours:
    """The stream of a recogniser that is asked on ``loop``."""

    def __init__(self, stream: SpeechStream, rate_hz: int, loop: asyncio.AbstractEventLoop) -> None:
        self._stream = stream
        self._loop = loop
        self._rate_hz = rate_hz
        self._spoken = SpokenAudio(rate_hz)

    def push(self, frame: AudioFrameLike) -> None:
        for pcm in self._spoken.feed(frame):
            self._push(pcm)

    def flush(self) -> None:
        self._post(self._stream.flush)

    def end_input(self) -> None:
        for pcm in self._spoken.finish():
            self._push(pcm)
        self._post(self._stream.end_input)

    def _push(self, pcm: bytes) -> None:
        self._post(partial(self._stream.push, AudioChunk(pcm=pcm, rate_hz=self._rate_hz)))

    def _post(self, call: Callable[[], None]) -> None:
        def called() -> None:
            with suppress(ProviderError):  # the iteration raises it
                call()

        post_to(self._loop, called)

    async def events(self) -> AsyncIterator[Any]:
        async for event in stream_on(self._loop, lambda: aiter(self._stream)):
            if (told := _event(event)) is not None:
                yield told

    async def aclose(self) -> None:
        await run_on(self._loop, self._stream.aclose)


class _Utterances:
    """What recognises utterances alone, on ``loop``, as a stream: one ends where it is flushed, and its last 30 s are kept."""

    def __init__(self, stt: STT, loop: asyncio.AbstractEventLoop) -> None:
        self._stt = stt
        self._loop = loop
        self._spoken = SpokenAudio(stt.rate_hz)
        self._pcm = bytearray()
        self._most = int(MAX_BUFFERED_S * stt.rate_hz) * BYTES_PER_SAMPLE
        self._over: asyncio.Queue[bytes | None] = asyncio.Queue()

    def push(self, frame: AudioFrameLike) -> None:
        self._pcm += b"".join(self._spoken.feed(frame))
        del self._pcm[: -self._most]

    def flush(self) -> None:
        if self._pcm:
            self._over.put_nowait(bytes(self._pcm))
            self._pcm.clear()

    def end_input(self) -> None:
        self._pcm += b"".join(self._spoken.finish())
        self.flush()
        self._over.put_nowait(None)

    async def events(self) -> AsyncIterator[Any]:
        while (pcm := await self._over.get()) is not None:
            heard = await run_on(self._loop, partial(self._stt.recognize, pcm))
            if heard.text:
                yield _spoken(SpeechEventType.FINAL_TRANSCRIPT, heard)

    async def aclose(self) -> None:
        return


async def recognize_by_default(activity: "SessionActivity", stt: STT | None, audio: AsyncIterable[AudioFrameLike]) -> AsyncIterator[Any]:
    """What an `stt_node` does that is not overridden: recognise with ``stt``. Called on the program's loop.

    Raises:
        RuntimeError: there is no recogniser.
    """
    if stt is None:
        raise RuntimeError(NO_STT)
    inner: _Inner
    if not stt.capabilities.streaming:
        inner = _Utterances(stt, activity.call.media)
    elif isinstance(stt, STTAdapter):
        inner = _Theirs(stt.begin())
    else:
        inner = _Ours(await run_on(activity.call.media, lambda: _begun(stt)), stt.rate_hz, activity.call.media)
    if (given := NODE_AUDIO.get()) is not None:
        given.inner = inner
    pushing = asyncio.get_running_loop().create_task(_push(audio, inner))
    try:
        async for event in inner.events():
            yield event
    finally:
        pushing.cancel()
        await inner.aclose()
        await asyncio.wait([pushing])


async def _begun(stt: STT) -> SpeechStream:
    return stt.stream()


async def _push(audio: AsyncIterable[AudioFrameLike], inner: _Inner) -> None:
    try:
        async for frame in audio:
            inner.push(frame)
    finally:
        with suppress(Exception):  # it is over already, which its events tell
            inner.end_input()


def _spoken(kind: SpeechEventType, heard: Transcript) -> SpeechEvent:
    data = SpeechData(language=heard.language, text=heard.text, confidence=heard.confidence or 0.0, speaker_id=heard.speaker_id or None)
    return SpeechEvent(kind, alternatives=[data])


def _event(event: FrozenSpeechEvent) -> SpeechEvent | None:
    """An event of ours as LiveKit's; None where it has none."""
    match event:
        case SpeechStarted():
            return SpeechEvent(SpeechEventType.START_OF_SPEECH)
        case SpeechEnded():
            return SpeechEvent(SpeechEventType.END_OF_SPEECH)
        case InterimTranscript(transcript=heard):
            return _spoken(SpeechEventType.INTERIM_TRANSCRIPT, heard)
        case PreflightTranscript(transcript=heard):
            return _spoken(SpeechEventType.PREFLIGHT_TRANSCRIPT, heard)
        case FinalTranscript(transcript=heard):
            return _spoken(SpeechEventType.FINAL_TRANSCRIPT, heard)
        case RecognitionUsage(audio_s=audio_s, tokens=tokens):
            used = livekit_stt.RecognitionUsage(audio_duration=audio_s, input_tokens=tokens)
            return SpeechEvent(SpeechEventType.RECOGNITION_USAGE, recognition_usage=used)
        case _:
            return None
