"""What a script and its launcher say to each other over their socket pair, and how it is cut into frames.

A frame is four bytes of length, big-endian, and a msgpack body; only these two processes hold the pair, so nothing foreign is read.
`FrameReader` turns bytes into frames without doing I/O.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from protocols import MAX_WIRE_BYTES, DecodeError, Message, MessageTooLargeError, pack, unpack

LENGTH_BYTES: Final = 4
MAX_FRAME_BYTES: Final = MAX_WIRE_BYTES
"""Largest body of a frame."""
MAX_REQUEST_BYTES: Final = MAX_FRAME_BYTES - 4096
"""Largest body of a frame from the script: what is around the message on its way through the tree needs the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configure:
    """Script to launcher, once: start the tree of ``root``, its supervisor's class and args. ``key`` authenticates this run's messages.

    ``drain_s`` is how long calls may go on when a signal asks the launcher to end. A byte from the pipe ``exit_fd`` (-1: none) tells that
    the script's interpreter has begun to exit.
    """

    TAG: ClassVar[str] = "configure"
    root: Mapping[str, Any]
    key: bytes
    starter_pid: int
    log_level: str
    drain_s: float
    exit_fd: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Script to launcher: ask whoever has ``name``. Answered with `Response` or `Unanswered`, at the latest after ``timeout_ms``."""

    TAG: ClassVar[str] = "request"
    request_id: int
    name: str
    message: Message
    timeout_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSystem:
    """Script to launcher: end the calls for good, then everything in order. Answered with `SystemEnded`."""

    TAG: ClassVar[str] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemReady:
    """Launcher to script, once: the whole tree is up."""

    TAG: ClassVar[str] = "ready"
    root_pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemEnded:
    """Launcher to script, its last frame: the tree is gone. ``asked`` tells whether somebody asked for it.

    ``text`` is the signal by which it was asked for, empty when the script did; if nobody asked, it says why.
    """

    TAG: ClassVar[str] = "ended"
    asked: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Launcher to script: the answer to a request."""

    TAG: ClassVar[str] = "response"
    request_id: int
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Launcher to script: nobody has the name, or nobody answered in time."""

    TAG: ClassVar[str] = "unanswered"
    request_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """Launcher to script: something that was subscribed to (`EventPushed`, `AudioPushed`), or the change of a name (`NameChanged`)."""

    TAG: ClassVar[str] = "pushed"
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsLost:
    """Launcher to script: the script was too slow for the events of this call; it has to ask the session again."""

    TAG: ClassVar[str] = "events_lost"
    call_id: str


Frame = Configure | Request | StopSystem | SystemReady | SystemEnded | Response | Unanswered | Pushed | EventsLost


def encode_frame(frame: Frame) -> bytes:
    """The bytes of a frame.

    Raises:
        MessageTooLargeError: the message in it is beyond the limit.
        UsageError: a free-form field holds what msgpack cannot carry.
    """
    limit = MAX_REQUEST_BYTES if isinstance(frame, Request) else MAX_FRAME_BYTES
    try:
        body = pack(Frame, frame)
    except MessageTooLargeError:
        body = None
    if body is None or len(body) > limit:
        name = type(getattr(frame, "message", frame)).__name__
        raise MessageTooLargeError(f"{name} is larger than {limit} bytes, the limit of one message: send it in parts")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


class FrameReader:
    """Collects bytes and gives the frames that are complete. Holds at most one frame more than it has given."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that ``data`` completes, in order; exhaust the iterator before the next call.

        Raises:
            DecodeError: the other side is no version of ours.
        """
        self._buffer += data
        while len(self._buffer) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._buffer[:LENGTH_BYTES], "big")
            if end > LENGTH_BYTES + MAX_FRAME_BYTES:
                raise DecodeError(f"a frame of {end - LENGTH_BYTES} bytes, the limit is {MAX_FRAME_BYTES}")
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[LENGTH_BYTES:end])
            del self._buffer[:end]
            frame: Frame = unpack(Frame, body)
            yield frame
