"""LiveKit's small types, by their names: what is not given, how a service is connected to, words with times, names of attributes."""

from dataclasses import dataclass
from typing import Any, Final, Literal, Self, TypeAlias, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

__all__ = [
    "ATTRIBUTE_AGENT_NAME",
    "ATTRIBUTE_AGENT_STATE",
    "ATTRIBUTE_PUBLISH_ON_BEHALF",
    "ATTRIBUTE_SIMULATOR",
    "ATTRIBUTE_TRANSCRIPTION_EXPRESSION",
    "ATTRIBUTE_TRANSCRIPTION_FINAL",
    "ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID",
    "ATTRIBUTE_TRANSCRIPTION_TRACK_ID",
    "DEFAULT_API_CONNECT_OPTIONS",
    "NOT_GIVEN",
    "TOPIC_CHAT",
    "TOPIC_TRANSCRIPTION",
    "USERDATA_TIMED_TRANSCRIPT",
    "USERDATA_TTS_STARTED_TIME",
    "APIConnectOptions",
    "FlushSentinel",
    "NotGiven",
    "NotGivenOr",
    "TimedString",
]

ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID: Final = "lk.segment_id"
ATTRIBUTE_TRANSCRIPTION_TRACK_ID: Final = "lk.transcribed_track_id"
ATTRIBUTE_TRANSCRIPTION_FINAL: Final = "lk.transcription_final"
ATTRIBUTE_TRANSCRIPTION_EXPRESSION: Final = "lk.expression"
ATTRIBUTE_PUBLISH_ON_BEHALF: Final = "lk.publish_on_behalf"
ATTRIBUTE_AGENT_STATE: Final = "lk.agent.state"
ATTRIBUTE_AGENT_NAME: Final = "lk.agent.name"
ATTRIBUTE_SIMULATOR: Final = "lk.simulator"
TOPIC_CHAT: Final = "lk.chat"
TOPIC_TRANSCRIPTION: Final = "lk.transcription"
USERDATA_TIMED_TRANSCRIPT: Final = "lk.timed_transcripts"
"""Where a frame of synthesised audio has the `TimedString`s of its words (``frame.userdata``)."""
USERDATA_TTS_STARTED_TIME: Final = "lk.tts_started_time"
"""Where it has the monotonic time at which its text was given to the voice."""

FIRST_RETRY_S: Final = 0.1

_T = TypeVar("_T")


class FlushSentinel:
    """In a stream of text or audio: what came before is to be spoken or recognised now."""


class NotGiven:
    """The class of `NOT_GIVEN`; false."""

    __slots__ = ()

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"

    @classmethod
    def __get_pydantic_core_schema__(cls, source_type: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's
        return core_schema.is_instance_schema(cls)


NotGivenOr: TypeAlias = _T | NotGiven
NOT_GIVEN: Final = NotGiven()
"""The default of what may be None."""


@dataclass(frozen=True)
class APIConnectOptions:
    """How often a request to a service is tried again, how long after, and how long one may take to connect (seconds).

    The first retry comes after 0.1 s. A session asks as its `SessionConnectOptions` say.

    Raises:
        ValueError: a negative number.
    """

    max_retry: int = 3
    retry_interval: float = 2.0
    timeout: float = 10.0

    def __post_init__(self) -> None:
        for name in ("max_retry", "retry_interval", "timeout"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be greater than or equal to 0")

    def _interval_for_retry(self, num_retries: int) -> float:
        return self.retry_interval if num_retries else FIRST_RETRY_S


DEFAULT_API_CONNECT_OPTIONS: Final = APIConnectOptions()


class TimedString(str):  # noqa: SLOT000 - programs attach to it
    """Text with when it is said, in seconds; what is not known is `NOT_GIVEN`, an unknown speaker None."""

    start_time: NotGivenOr[float]
    end_time: NotGivenOr[float]
    confidence: NotGivenOr[float]
    start_time_offset: NotGivenOr[float]
    speaker_id: str | None

    def __new__(  # noqa: D102, PLR0917 - as the class says, and LiveKit's
        cls,
        text: str,
        start_time: NotGivenOr[float] = NOT_GIVEN,
        end_time: NotGivenOr[float] = NOT_GIVEN,
        confidence: NotGivenOr[float] = NOT_GIVEN,
        start_time_offset: NotGivenOr[float] = NOT_GIVEN,
        speaker_id: str | None = None,
    ) -> Self:
        made = super().__new__(cls, text)
        made.start_time = start_time
        made.end_time = end_time
        made.confidence = confidence
        made.start_time_offset = start_time_offset
        made.speaker_id = speaker_id
        return made
