"""Where a session's audio, text and video come from and go to, as a program sees it (``session.input``, ``session.output``).

What a call has by itself (the caller's track in a room, the agent's) is None here, and is used. What a program puts in its place are
subclasses of the classes below.
"""

from abc import abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any, Generic, TypeAlias, TypeVar

from livekitex_agent.types import TimedString
from livekitex_agent.utils.audio_frame import AudioFrameLike
from livekitex_agent.voice.audio_output import (
    AudioOutput,
    AudioOutputCapabilities,
    PlaybackFinishedEvent,
    PlaybackProgressedEvent,
    PlaybackStartedEvent,
    replace_tail,
)
from livekitex_agent.voice.output import Attachable, Output

__all__ = [
    "AgentInput",
    "AgentOutput",
    "AudioInput",
    "AudioOutput",
    "AudioOutputCapabilities",
    "LLMNode",
    "PlaybackFinishedEvent",
    "PlaybackProgressedEvent",
    "PlaybackStartedEvent",
    "STTNode",
    "TTSNode",
    "TextInput",
    "TextOutput",
    "TimedString",
    "VideoInput",
    "VideoOutput",
]

Frame = TypeVar("Frame")
S = TypeVar("S", bound=Attachable)

STTNode: TypeAlias = Callable[[AsyncIterable[AudioFrameLike], Any], AsyncIterable[Any] | Awaitable[AsyncIterable[Any] | None] | None]
"""What `Agent.stt_node` is: from audio and `ModelSettings` to speech events or texts."""
LLMNode: TypeAlias = Callable[[Any, list[Any], Any], Any]
"""What `Agent.llm_node` is: from a chat context, tools and `ModelSettings` to chunks or texts, one or many."""
TTSNode: TypeAlias = Callable[
    [AsyncIterable[str], Any], AsyncIterable[AudioFrameLike] | Awaitable[AsyncIterable[AudioFrameLike] | None] | None
]
"""What `Agent.tts_node` is: from texts and `ModelSettings` to audio."""


class _Input(Attachable, Generic[Frame]):
    """Gives its frames to who iterates over it. With ``source`` it is a wrapper, whose frames are the source's unless it has its own."""

    _wrapped: "_Input[Frame] | None"

    def __init__(self, *, label: str, source: "_Input[Frame] | None" = None) -> None:
        super().__init__(label, source)

    @property
    def source(self) -> "_Input[Frame] | None":
        """What it wraps."""
        return self._wrapped

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        """The next frame.

        Raises:
            StopAsyncIteration: there are no more.
            NotImplementedError: it has neither a source nor frames of its own.
        """
        if self._wrapped is None:
            raise NotImplementedError
        return await self._wrapped.__anext__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(label={self.label!r}, source={self.source!r})"


class AudioInput(_Input[AudioFrameLike]):
    """A source of the caller's audio."""


class VideoInput(_Input[Any]):
    """A source of the caller's video."""


class TextInput(_Input[str]):
    """A source of what the caller writes."""


class TextOutput(Output):
    """A sink of the agent's text."""

    @abstractmethod
    async def capture_text(self, text: str) -> None:
        """Take a piece of an answer; a `TimedString` where it is known when it is said."""


class VideoOutput(Output):
    """A sink of the agent's video."""

    @abstractmethod
    async def capture_frame(self, frame: Any) -> None:  # noqa: ANN401 - the rtc SDK's
        """Take a frame."""


def _nothing(_: object = None) -> None:
    """Nobody wants to know."""


class _Slot(Generic[S]):
    """What is at one place of a session, and whether it is used."""

    def __init__(self, on_changed: Callable[[], None], on_enabled: Callable[[bool], None]) -> None:
        self._on_changed = on_changed
        self._on_enabled = on_enabled
        self.enabled = True
        self.held: S | None = None

    def put(self, new: S | None) -> None:
        """Have ``new`` there."""
        if new is self.held:
            return
        if self.held is not None:
            self.held.on_detached()
        self.held = new
        self._on_changed()
        self._tell()

    def enable(self, enabled: bool) -> None:  # noqa: FBT001 - the value
        """Use it, or not."""
        if enabled != self.enabled:
            self.enabled = enabled
            self._on_enabled(enabled)
            self._tell()

    def _tell(self) -> None:
        if self.held is None:
            return
        if self.enabled:
            self.held.on_attached()
        else:
            self.held.on_detached()


class AgentInput:
    """Where the caller's audio and video come in. All is used from the beginning, and may be switched off and on.

    ``on_audio_enabled`` is told when audio is switched; ``audio_changed`` and ``video_changed`` when another source is put there.
    """

    def __init__(
        self,
        on_audio_enabled: Callable[[bool], None] = _nothing,
        *,
        audio_changed: Callable[[], None] = _nothing,
        video_changed: Callable[[], None] = _nothing,
    ) -> None:
        self._audio: _Slot[AudioInput] = _Slot(audio_changed, on_audio_enabled)
        self._video: _Slot[VideoInput] = _Slot(video_changed, _nothing)

    @property
    def audio(self) -> AudioInput | None:
        """The source that was put there; None: the call's own."""
        return self._audio.held

    @audio.setter
    def audio(self, source: AudioInput | None) -> None:
        self._audio.put(source)

    @property
    def video(self) -> VideoInput | None:
        """As `audio`."""
        return self._video.held

    @video.setter
    def video(self, source: VideoInput | None) -> None:
        self._video.put(source)

    @property
    def audio_enabled(self) -> bool:
        """Whether the caller is heard."""
        return self._audio.enabled

    @property
    def video_enabled(self) -> bool:
        """Whether he is seen."""
        return self._video.enabled

    def set_audio_enabled(self, enable: bool) -> None:  # noqa: FBT001 - LiveKit's
        """Hear him, or not."""
        self._audio.enable(enable)

    def set_video_enabled(self, enable: bool) -> None:  # noqa: FBT001 - LiveKit's
        """See him, or not."""
        self._video.enable(enable)


class AgentOutput:
    """Where the agent's audio, text and video go. All is used from the beginning, and may be switched off and on.

    The callbacks are told when something is switched, and when another sink is put there. Without audio the agent answers in text alone.
    """

    def __init__(
        self,
        on_audio_enabled: Callable[[bool], None] = _nothing,
        on_transcription_enabled: Callable[[bool], None] = _nothing,
        *,
        audio_changed: Callable[[], None] = _nothing,
        transcription_changed: Callable[[], None] = _nothing,
        video_changed: Callable[[], None] = _nothing,
    ) -> None:
        self._audio: _Slot[AudioOutput] = _Slot(audio_changed, on_audio_enabled)
        self._transcription: _Slot[TextOutput] = _Slot(transcription_changed, on_transcription_enabled)
        self._video: _Slot[VideoOutput] = _Slot(video_changed, _nothing)

    @property
    def audio(self) -> AudioOutput | None:
        """The sink that was put there; None: the call's own."""
        return self._audio.held

    @audio.setter
    def audio(self, sink: AudioOutput | None) -> None:
        self._audio.put(sink)

    def replace_audio_tail(self, sink: AudioOutput) -> None:
        """Have ``sink`` in the place of the last one of the chain in `audio`, whose wrappers stay; as `audio` if there is none."""
        self.audio = sink if self.audio is None else replace_tail(self.audio, sink)

    @property
    def transcription(self) -> TextOutput | None:
        """As `audio`."""
        return self._transcription.held

    @transcription.setter
    def transcription(self, sink: TextOutput | None) -> None:
        self._transcription.put(sink)

    @property
    def video(self) -> VideoOutput | None:
        """As `audio`."""
        return self._video.held

    @video.setter
    def video(self, sink: VideoOutput | None) -> None:
        self._video.put(sink)

    @property
    def audio_enabled(self) -> bool:
        """Whether the agent is heard."""
        return self._audio.enabled

    @property
    def transcription_enabled(self) -> bool:
        """Whether its words are written."""
        return self._transcription.enabled

    @property
    def video_enabled(self) -> bool:
        """Whether it is seen."""
        return self._video.enabled

    def set_audio_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - LiveKit's
        """Be heard, or not."""
        self._audio.enable(enabled)

    def set_transcription_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - LiveKit's
        """Write, or not."""
        self._transcription.enable(enabled)

    def set_video_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - LiveKit's
        """Be seen, or not."""
        self._video.enable(enabled)
