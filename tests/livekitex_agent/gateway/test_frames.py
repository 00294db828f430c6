import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.gateway.frames import (
    MAX_FRAME_BYTES,
    Configure,
    EventsLost,
    Frame,
    FrameReader,
    Pushed,
    Request,
    Response,
    StopSystem,
    SystemEnded,
    SystemReady,
    Unanswered,
    encode_frame,
)
from protocols import CommandAccepted, DecodeError, MessageTooLargeError, NameChanged, SendText, UsageError

FRAMES: list[Frame] = [
    Configure(root={"actor": "a:B", "args": {"children": []}}, key=b"k" * 32, starter_pid=7, log_level="info", drain_s=30.0),
    Request(request_id=1, name="agent_session/c", message=SendText(command_id="1", text="hé"), timeout_ms=5),
    StopSystem(),
    SystemReady(root_pid=8),
    SystemEnded(asked=False, text="why"),
    Response(request_id=1, message=CommandAccepted(command_id="1")),
    Unanswered(request_id=1, reason="nobody"),
    Pushed(message=NameChanged(name="n", ref=None, reason="killed", final=True)),
    EventsLost(call_id="c"),
]


@given(st.lists(st.sampled_from(FRAMES)), st.data())
def test_frames_come_back_however_they_are_cut(frames: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(map(encode_frame, frames))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    reader = FrameReader()
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [frame for piece in pieces for frame in reader.feed(piece)] == frames


def test_ten_megabytes_are_refused_by_name_before_they_are_sent() -> None:
    request = Request(request_id=1, name="n", message=SendText(command_id="1", text="x" * 10_000_000), timeout_ms=1)
    with pytest.raises(MessageTooLargeError, match=r"^SendText is larger than 1044480 bytes, the limit of one message: send it in parts$"):
        encode_frame(request)


def test_what_the_tree_would_not_carry_is_refused_here() -> None:
    """A frame that just fits would not fit its envelope in the tree."""
    almost = "x" * (MAX_FRAME_BYTES - 500)
    encode_frame(Response(request_id=1, message=SendText(command_id="1", text=almost)))
    with pytest.raises(MessageTooLargeError):
        encode_frame(Request(request_id=1, name="n", message=SendText(command_id="1", text=almost), timeout_ms=1))


def test_what_msgpack_cannot_hold_is_refused() -> None:
    with pytest.raises(UsageError):
        encode_frame(Configure(root={"actor": object()}, key=b"", starter_pid=1, log_level="info", drain_s=30.0))


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\0\0\0\1\xc1", b"\0\0\0\1\x01"])
def test_what_is_no_frame_is_a_decode_error(data: bytes) -> None:
    with pytest.raises(DecodeError):
        list(FrameReader().feed(data))
