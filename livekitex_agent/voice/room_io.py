"""How a session uses a room: which of the caller's tracks and texts it takes, and what it publishes.

Objects of the rtc SDK (rooms, participants, ``TrackPublishOptions``, noise cancellation) are passed on as they are.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from livekitex_agent.types import ATTRIBUTE_PUBLISH_ON_BEHALF, NOT_GIVEN, NotGiven, NotGivenOr
from livekitex_agent.utils.log import logger
from livekitex_agent.voice.io import TextOutput

__all__ = [
    "ATTRIBUTE_PUBLISH_ON_BEHALF",
    "AudioInputOptions",
    "AudioOutputOptions",
    "NoiseCancellationParams",
    "NoiseCancellationSelector",
    "RoomInputOptions",
    "RoomOptions",
    "RoomOutputOptions",
    "TextInputCallback",
    "TextInputEvent",
    "TextInputOptions",
    "TextOutputOptions",
    "VideoInputOptions",
]

T = TypeVar("T")

SAMPLE_RATE_HZ: Final = 24_000
FRAME_MS: Final = 50
PRE_CONNECT_TIMEOUT_S: Final = 3.0


@dataclass
class TextInputEvent:
    """The caller has written ``text``; ``info`` and ``participant`` are the rtc SDK's, where there is a room."""

    text: str
    info: Any = None
    participant: Any = None


TextInputCallback: TypeAlias = Callable[[Any, TextInputEvent], Awaitable[None] | None]
"""What is done with it, given the `AgentSession`."""


@dataclass
class NoiseCancellationParams:
    """Of whom which track is to be cleaned."""

    participant: Any
    track: Any


NoiseCancellationSelector: TypeAlias = Callable[[NoiseCancellationParams], Any]
"""Gives the rtc SDK's noise cancellation for a track, or None."""


async def reply_to_text(session: Any, event: TextInputEvent) -> None:  # noqa: ANN401 - an `AgentSession` of any user data
    """Stop what the agent says, and have it answer."""
    await session.interrupt()
    session.generate_reply(user_input=event.text)


@dataclass
class TextInputOptions:
    """What is done with what the caller writes; by default the agent stops and answers."""

    text_input_cb: TextInputCallback = reply_to_text


@dataclass
class AudioInputOptions:
    """How the caller's track is taken.

    ``auto_gain_control`` is on unless ``noise_cancellation`` was given, other than by a selector. What the caller said while the agent was
    not yet there (``pre_connect_audio``) is heard if it comes within ``pre_connect_audio_timeout`` seconds.
    """

    sample_rate: int = SAMPLE_RATE_HZ
    num_channels: int = 1
    frame_size_ms: int = FRAME_MS
    noise_cancellation: Any = None
    auto_gain_control: NotGivenOr[bool] = NOT_GIVEN
    pre_connect_audio: bool = True
    pre_connect_audio_timeout: float = PRE_CONNECT_TIMEOUT_S


@dataclass
class VideoInputOptions:
    """How the caller's video is taken."""


@dataclass
class AudioOutputOptions:
    """How the agent's track is published: as a microphone unless ``track_publish_options`` say otherwise, named "roomio_audio"."""

    sample_rate: int = SAMPLE_RATE_HZ
    num_channels: int = 1
    track_publish_options: Any = None
    track_name: NotGivenOr[str] = NOT_GIVEN


@dataclass
class TextOutputOptions:
    """How the agent's words are written: with its voice (at ``transcription_speed_factor`` of its speed), or as soon as they are there.

    ``next_in_chain`` is given them, too; ``json_format`` writes each piece as a JSON object, with its times where they are known.
    """

    sync_transcription: NotGivenOr[bool] = NOT_GIVEN
    transcription_speed_factor: float = 1.0
    next_in_chain: TextOutput | None = None
    json_format: bool = False


@dataclass
class RoomInputOptions:
    """Deprecated: the input of `RoomOptions`, flat."""

    text_enabled: NotGivenOr[bool] = NOT_GIVEN
    audio_enabled: NotGivenOr[bool] = NOT_GIVEN
    video_enabled: NotGivenOr[bool] = NOT_GIVEN
    audio_sample_rate: int = SAMPLE_RATE_HZ
    audio_num_channels: int = 1
    audio_frame_size_ms: int = FRAME_MS
    noise_cancellation: Any = None
    text_input_cb: TextInputCallback = reply_to_text
    participant_kinds: NotGivenOr[list[Any]] = NOT_GIVEN
    participant_identity: NotGivenOr[str] = NOT_GIVEN
    pre_connect_audio: bool = True
    pre_connect_audio_timeout: float = PRE_CONNECT_TIMEOUT_S
    close_on_disconnect: bool = True
    delete_room_on_close: bool = False


@dataclass
class RoomOutputOptions:
    """Deprecated: the output of `RoomOptions`, flat."""

    transcription_enabled: NotGivenOr[bool] = NOT_GIVEN
    audio_enabled: NotGivenOr[bool] = NOT_GIVEN
    audio_sample_rate: int = SAMPLE_RATE_HZ
    audio_num_channels: int = 1
    audio_publish_options: Any = None
    audio_track_name: NotGivenOr[str] = NOT_GIVEN
    sync_transcription: NotGivenOr[bool] = NOT_GIVEN
    transcription_speed_factor: float = 1.0


@dataclass
class RoomOptions:
    """How a session uses its room. Each kind is on (True), off (False), or on as its options say; video alone is off by default.

    The caller is the participant ``participant_identity``, else the first that comes of the ``participant_kinds`` (by default those of
    people: standard, SIP, connector). With ``close_on_disconnect`` the session ends when he leaves; with ``delete_room_on_close`` the room
    then does.
    """

    text_input: NotGivenOr[TextInputOptions | bool] = NOT_GIVEN
    audio_input: NotGivenOr[AudioInputOptions | bool] = NOT_GIVEN
    video_input: NotGivenOr[VideoInputOptions | bool] = NOT_GIVEN
    audio_output: NotGivenOr[AudioOutputOptions | bool] = NOT_GIVEN
    text_output: NotGivenOr[TextOutputOptions | bool] = NOT_GIVEN
    participant_kinds: NotGivenOr[list[Any]] = NOT_GIVEN
    participant_identity: NotGivenOr[str] = NOT_GIVEN
    close_on_disconnect: bool = True
    delete_room_on_close: bool = False

    @classmethod
    def of(
        cls,
        options: "NotGivenOr[RoomOptions]" = NOT_GIVEN,
        room_input_options: NotGivenOr[RoomInputOptions] = NOT_GIVEN,
        room_output_options: NotGivenOr[RoomOutputOptions] = NOT_GIVEN,
    ) -> "RoomOptions":
        """What was given, in one; ``options`` alone count where they were.

        Raises:
            ValueError: ``options`` are none.
        """
        if room_input_options or room_output_options:
            logger.warning("RoomInputOptions and RoomOutputOptions are deprecated: use RoomOptions")
        if isinstance(options, RoomOptions):
            return options
        if not isinstance(options, NotGiven):
            raise ValueError(f"expected RoomOptions, got {type(options)}")  # noqa: TRY004 - LiveKit's
        made = cls()
        if not isinstance(room_input_options, NotGiven):
            made._take_input(room_input_options)
        if not isinstance(room_output_options, NotGiven):
            made._take_output(room_output_options)
        return made

    def get_text_input_options(self) -> TextInputOptions | None:
        """How texts are taken; None if they are not."""
        return _chosen(self.text_input, TextInputOptions)

    def get_audio_input_options(self) -> AudioInputOptions | None:
        """How audio is taken; None if it is not."""
        return _chosen(self.audio_input, AudioInputOptions)

    def get_video_input_options(self) -> VideoInputOptions | None:
        """How video is taken; None if it is not."""
        return _chosen(self.video_input or False, VideoInputOptions)

    def get_audio_output_options(self) -> AudioOutputOptions | None:
        """How audio is published; None if it is not."""
        return _chosen(self.audio_output, AudioOutputOptions)

    def get_text_output_options(self) -> TextOutputOptions | None:
        """How texts are published; None if they are not."""
        return _chosen(self.text_output, TextOutputOptions)

    def _take_input(self, given: RoomInputOptions) -> None:
        self.text_input = given.text_enabled is not False and TextInputOptions(text_input_cb=given.text_input_cb)
        self.audio_input = given.audio_enabled is not False and AudioInputOptions(
            sample_rate=given.audio_sample_rate,
            num_channels=given.audio_num_channels,
            frame_size_ms=given.audio_frame_size_ms,
            noise_cancellation=given.noise_cancellation,
            pre_connect_audio=given.pre_connect_audio,
            pre_connect_audio_timeout=given.pre_connect_audio_timeout,
        )
        self.video_input = given.video_enabled
        self.participant_kinds = given.participant_kinds
        self.participant_identity = given.participant_identity
        self.close_on_disconnect = given.close_on_disconnect
        self.delete_room_on_close = given.delete_room_on_close

    def _take_output(self, given: RoomOutputOptions) -> None:
        self.audio_output = given.audio_enabled is not False and AudioOutputOptions(
            sample_rate=given.audio_sample_rate,
            num_channels=given.audio_num_channels,
            track_publish_options=given.audio_publish_options,
            track_name=given.audio_track_name,
        )
        self.text_output = given.transcription_enabled is not False and TextOutputOptions(
            sync_transcription=given.sync_transcription,
            transcription_speed_factor=given.transcription_speed_factor,
        )


def _chosen(given: NotGivenOr[T | bool], kind: type[T]) -> T | None:
    if isinstance(given, kind):
        return given
    return None if given is False else kind()
