import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols import AuthenticationError, DecodeError
from supervision.thespian_seam import frames
from supervision.thespian_seam.frames import ACK_BYTES, MAX_PAYLOAD_BYTES, AckReader, AckWriter, Frame, FrameReader, FrameWriter, Kind

KEY = bytes(32)

payloads = st.lists(st.binary(max_size=200), max_size=6)


def written(messages: list[bytes]) -> bytes:
    writer = FrameWriter(KEY)
    return b"".join(writer.encode(Frame(Kind.ENVELOPE, sequence, payload)) for sequence, payload in enumerate(messages, 1))


@given(payloads, st.integers(1, 97))
@example([bytes(200)], 97)
def test_m6_frames_survive_any_cut_of_the_stream(messages: list[bytes], piece: int) -> None:
    reader, data = FrameReader(KEY), written(messages)
    read = [frame for at in range(0, len(data), piece) for frame in reader.feed(data[at : at + piece])]
    assert [frame.payload for frame in read] == messages
    assert [frame.sequence for frame in read] == list(range(1, len(messages) + 1))


@given(payloads.filter(bool), st.data())
def test_a_byte_changed_anywhere_is_never_a_frame(messages: list[bytes], data: st.DataObject) -> None:
    stream = bytearray(written(messages))
    place = data.draw(st.integers(0, len(stream) - 1))
    stream[place] ^= data.draw(st.integers(1, 255))
    genuine, before = [], 0
    for payload in messages:
        before += len(written([payload]))
        if before <= place:
            genuine.append(payload)
    reader, read = FrameReader(KEY), []
    try:
        for at in range(len(stream)):
            read += reader.feed(stream[at : at + 1])
    except (AuthenticationError, DecodeError):
        pass
    assert [frame.payload for frame in read] == genuine


def test_a_frame_repeated_in_its_connection_is_refused() -> None:
    data = written([b"once"])
    reader = FrameReader(KEY)
    assert reader.feed(data)
    with pytest.raises(AuthenticationError):
        reader.feed(data)


def test_a_frame_left_out_is_noticed() -> None:
    writer = FrameWriter(KEY)
    writer.encode(Frame(Kind.ENVELOPE, 1, b"left out"))
    with pytest.raises(AuthenticationError):
        FrameReader(KEY).feed(writer.encode(Frame(Kind.ENVELOPE, 2, b"")))


@pytest.mark.parametrize("sequence", [0, 1])
def test_a_sequence_that_does_not_rise_is_refused(sequence: int) -> None:
    writer, reader = FrameWriter(KEY), FrameReader(KEY)
    reader.feed(writer.encode(Frame(Kind.ENVELOPE, 1, b"")))
    with pytest.raises(AuthenticationError, match="after 1"):
        reader.feed(writer.encode(Frame(Kind.ENVELOPE, sequence, b"")))


def test_a_sequence_may_skip() -> None:
    writer, reader = FrameWriter(KEY), FrameReader(KEY)
    reader.feed(writer.encode(Frame(Kind.ENVELOPE, 7, b"")))
    assert reader.feed(writer.encode(Frame(Kind.THESPIAN, 90, b""))) == [Frame(Kind.THESPIAN, 90, b"")]


def test_the_largest_frame_passes_and_a_larger_one_is_refused_by_its_header() -> None:
    largest = Frame(Kind.ENVELOPE, 1, bytes(MAX_PAYLOAD_BYTES))
    assert FrameReader(KEY).feed(FrameWriter(KEY).encode(largest)) == [largest]
    larger = FrameWriter(KEY).encode(Frame(Kind.ENVELOPE, 1, bytes(MAX_PAYLOAD_BYTES + 1)))
    with pytest.raises(DecodeError, match="at most"):
        FrameReader(KEY).feed(larger[:64])


def test_an_unknown_kind_is_refused() -> None:
    frame = Frame(9, 1, b"")  # type: ignore[arg-type]
    with pytest.raises(DecodeError, match="kind 9"):
        FrameReader(KEY).feed(FrameWriter(KEY).encode(frame))


@given(st.lists(st.integers(1, 2**40), min_size=1, max_size=5), st.integers(1, 50))
def test_acknowledgements_survive_any_cut_of_the_stream(sequences: list[int], piece: int) -> None:
    writer, reader = AckWriter(KEY), AckReader(KEY)
    data = b"".join(writer.encode(sequence) for sequence in sequences)
    assert len(data) == ACK_BYTES * len(sequences)
    read = [reader.feed(data[at : at + piece]) for at in range(0, len(data), piece)]
    assert [sequence for sequence in read if sequence][-1] == sequences[-1]


@given(st.integers(0, ACK_BYTES - 1), st.integers(1, 255))
def test_an_acknowledgement_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    forged = bytearray(AckWriter(KEY).encode(5))
    forged[place] ^= change
    with pytest.raises(AuthenticationError):
        AckReader(KEY).feed(bytes(forged))


def test_an_acknowledgement_repeated_is_refused() -> None:
    ack, reader = AckWriter(KEY).encode(5), AckReader(KEY)
    reader.feed(ack)
    with pytest.raises(AuthenticationError):
        reader.feed(ack)


def test_the_wire_is_what_it_was() -> None:
    golden = "01000000050000000000000007" + frames.mac(KEY, b"frame", bytes(8), bytes.fromhex("01000000050000000000000007"), b"hello").hex()
    assert FrameWriter(KEY).encode(Frame(Kind.ENVELOPE, 7, b"hello")).hex() == golden + b"hello".hex()
