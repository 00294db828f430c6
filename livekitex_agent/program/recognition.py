"""The `stt_node` of an agent as the session's recogniser.

How it works. To the adapter of providers the node is a recogniser of LiveKit's classes, as a user's own would be: a stream whose work is
the node of the agent that has the call. After a hand-off the next agent's node goes on with the same stream. The audio that a node is given
ends with the stream, and for each utterance where what is behind the node recognises utterances alone; then a node is run for each.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakKeyDictionary, WeakSet

from livekitex_agent import stt as livekit_stt
from livekitex_agent.program.crossing import post_to, run_on, stream_on
from livekitex_agent.program.pieces import pieces
from livekitex_agent.program.providers import SpokenAudio, STTAdapter
from livekitex_agent.stt import SpeechData, SpeechEvent, SpeechEventType
from livekitex_agent.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr
from livekitex_agent.utils.audio import AudioBuffer
from livekitex_agent.utils.audio_frame import AudioFrameLike
from livekitex_agent.utils.pushed_frames import FrameFlush
from livekitex_agent.voice.agent import Agent, ModelSettings
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

__all__ = ["Hearing", "recognize_by_default"]

LEAVE_S: Final = 1.0
"""For the node of an agent that has given the call away to tell what it has heard."""
NO_STT: Final = "`stt_node` called but no STT node is available"
_AUDIO: ContextVar["_Audio | None"] = ContextVar("livekitex_agent_node_audio", default=None)
"""In a node: what it is given, which also tells where somebody has paused."""


class Hearing:
    """Who hears in a session: the node of the agent that has the call, if it has its own, else the recogniser itself.

    One node follows another on the same stream, if what is behind them streams or not alike.
    """

    def __init__(self, activity: "SessionActivity") -> None:
        self.behind: WeakKeyDictionary[Agent, STT | None] = WeakKeyDictionary()
        """The recogniser behind the node of each agent that has had the call."""
        self._activity = activity
        self._node: NodeRecognizer | None = None

    def node_of(self, agent: Agent, stt: STT | None) -> "NodeRecognizer | None":
        """The nodes as a recogniser, if ``agent`` has its own; behind it is ``stt``."""
        self.behind[agent] = stt
        if not agent._overrides("stt_node"):
            return None
        if self._node is None or self._node.capabilities.streaming is not _streams(stt):
            self._node = NodeRecognizer(self._activity, stt)
        return self._node

    def handed_on(self) -> None:
        """Another agent has the call."""
        if self._node is not None:
            self._node.handed_on()


class NodeRecognizer(livekit_stt.STT[Any]):
    """The recogniser that is the `stt_node` of whoever has the call; ``stt`` is behind it (None: nothing, and the node hears itself)."""

    def __init__(self, activity: "SessionActivity", stt: STT | None) -> None:
        streams = _streams(stt)
        super().__init__(
            capabilities=livekit_stt.STTCapabilities(streaming=streams, interim_results=streams, offline_recognize=not streams)
        )
        self._recognize_metrics_needed = False  # what is behind the node tells them
        self._activity = activity
        self._streams: WeakSet[_NodeStream] = WeakSet()

    async def _recognize_impl(
        self, buffer: AudioBuffer, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> SpeechEvent:
        del language, conn_options
        heard = [event async for event in self.events(_Audio(_each(buffer if isinstance(buffer, list) else [buffer])))]
        finals = [event.alternatives[0] for event in heard if event.type == SpeechEventType.FINAL_TRANSCRIPT and event.alternatives]
        if len(finals) > 1:
            finals[0].text = " ".join(data.text for data in finals)
        return SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=finals[:1])

    def stream(
        self, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> livekit_stt.RecognizeStream:
        """Begin a stream of audio."""
        del language
        stream = _NodeStream(self, conn_options)
        self._streams.add(stream)
        return stream

    @property
    def agent(self) -> Agent:
        """Who has the call."""
        return self._activity.hooks.current

    def handed_on(self) -> None:
        """Another agent has the call: its node goes on with the streams."""
        for stream in tuple(self._streams):
            stream.handed_on()

    async def events(self, audio: "_Audio") -> AsyncIterator[SpeechEvent]:
        """What the node of the agent that has the call makes of ``audio``."""
        before = _AUDIO.set(audio)
        try:
            async for event in pieces(self.agent.stt_node(audio, ModelSettings())):
                yield _final(event) if isinstance(event, str) else event
        finally:
            with suppress(ValueError):  # closed from another context
                _AUDIO.reset(before)


class _NodeStream(livekit_stt.RecognizeStream):
    def __init__(self, node: NodeRecognizer, options: APIConnectOptions) -> None:
        self._node = node
        super().__init__(stt=node, conn_options=APIConnectOptions(max_retry=0, timeout=options.timeout))  # what is behind it tries again

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[SpeechEvent]) -> None:
        async for _ in event_aiter:
            pass  # what is behind the node tells them

    async def _run(self) -> None:
        more = True
        while more:
            audio = _Audio(self._input_ch)
            hearing = asyncio.get_running_loop().create_task(self._hear(audio))
            leaving = asyncio.get_running_loop().create_task(audio.handed_on.wait())
            try:
                await asyncio.wait([hearing, leaving], return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait([hearing], timeout=LEAVE_S)
                if hearing.done():
                    hearing.result()
            finally:
                leaving.cancel()
                hearing.cancel()
            more = audio.handed_on.is_set()

    async def _hear(self, audio: "_Audio") -> None:
        async for event in self._node.events(audio):
            self._event_ch.send_nowait(event)
        async for _ in audio:
            pass  # a node that has returned hears nothing more, as in LiveKit's

    def handed_on(self) -> None:
        with suppress(Exception):  # it is over
            self._input_ch.send_nowait(_HandedOn())


class _HandedOn(FrameFlush):
    """In a stream's input: what comes now is for the next agent."""


class _Audio:
    """The frames of a stream's input, until the next agent's. Of a pause the stream behind is told once the frames before were taken."""

    def __init__(self, frames: AsyncIterable[AudioFrameLike | FrameFlush]) -> None:
        self._frames = aiter(frames)
        self.inner: _Inner | None = None
        self.handed_on = asyncio.Event()

    def __aiter__(self) -> "_Audio":
        return self

    async def __anext__(self) -> AudioFrameLike:
        if self.handed_on.is_set():
            raise StopAsyncIteration
        while isinstance(frame := await anext(self._frames), FrameFlush):
            if isinstance(frame, _HandedOn):
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
            self._post(partial(self._stream.push, AudioChunk(pcm=pcm, rate_hz=self._rate_hz)))

    def flush(self) -> None:
        self._post(self._stream.flush)

    def end_input(self) -> None:
        self._post(self._stream.end_input)

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
    if (given := _AUDIO.get()) is not None:
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


async def _each(frames: list[Any]) -> AsyncIterator[Any]:
    for frame in frames:
        yield frame


def _streams(stt: STT | None) -> bool:
    """Whether a node with ``stt`` behind it is given a stream."""
    return stt is None or stt.capabilities.streaming


def _final(text: str) -> SpeechEvent:
    return SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=[SpeechData(language="", text=text)])


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
