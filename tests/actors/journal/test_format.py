"""The bytes of a segment: golden, cut at every byte, flipped at every byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.journal.format import (
    BODY,
    DESCRIPTION,
    ENDED,
    OVERHEAD,
    TOMBSTONE,
    NewerFormatError,
    batch,
    first_record,
    last_record,
    length_at_end,
    scan,
    seed_of,
    start_of,
)

SEED = seed_of("c1", 2, 0)
GOLDEN = "4c4b4a01010100000400000077fa8351010000000000000025f9bc7663616c6c4b2fe88828000000"
"""The description "call", alone in its batch."""
BATCHES = (
    [(DESCRIPTION, 0, b"call")],
    [(BODY, 0, b"one"), (BODY, 0, b""), (BODY, 0, b"three" * 30)],
    [(BODY, 0, b"LKJ\x01" * 12)],
    [(BODY, 0, b"four"), (BODY, 0, b"five")],
    [(DESCRIPTION, ENDED, b"over")],
)


def written() -> tuple[bytes, list[int]]:
    """A segment, and where its batches end."""
    data, tail, ends = b"", start_of(SEED), []
    for items in BATCHES:
        more, tail = batch(tail, items)
        data += more
        ends.append(len(data))
    assert tail.size == len(data)
    return data, ends


DATA, ENDS = written()
PAYLOADS = [payload for items in BATCHES for _, _, payload in items]
COUNTS = [sum(len(items) for items in BATCHES[: at + 1]) for at in range(len(BATCHES))]


def test_a_record_has_golden_bytes() -> None:
    data, tail = batch(start_of(SEED), [(DESCRIPTION, 0, b"call")])
    assert len(data) == OVERHEAD + 4
    assert data[:12] == b"LKJ\x01\x01\x01\0\0\x04\0\0\0"
    assert data[12:16] == SEED.to_bytes(4, "little")
    assert data[16:24] == (1).to_bytes(8, "little")
    assert data[28:32] == b"call"
    assert data[-4:] == (40).to_bytes(4, "little")
    assert data[-8:-4] == tail.checksum.to_bytes(4, "little")
    assert data.hex() == GOLDEN


def test_what_was_written_is_read() -> None:
    seen = scan(DATA, SEED)
    assert [record.payload for record in seen.records] == PAYLOADS
    assert [record.sequence for record in seen.records] == list(range(1, len(PAYLOADS) + 1))
    assert (seen.damage, seen.lost, seen.tail.size) == ("", 0, len(DATA))
    assert scan(b"", SEED).records == ()


def test_cut_at_every_byte_it_holds_the_whole_batches_before_and_is_torn() -> None:
    for cut in range(len(DATA)):
        seen = scan(DATA[:cut], SEED)
        whole = sum(end <= cut for end in ENDS)
        assert [record.payload for record in seen.records] == PAYLOADS[: COUNTS[whole - 1] if whole else 0]
        assert (seen.damage, seen.lost) == ("", 0), cut


def test_flipped_at_every_byte_it_is_damaged_there_and_says_how_much_is_lost() -> None:
    for at in range(len(DATA)):
        for mask in (0x01, 0x80, 0xFF):
            harmed = DATA[:at] + bytes((DATA[at] ^ mask,)) + DATA[at + 1 :]
            seen = scan(harmed, SEED)
            whole = sum(end <= at for end in ENDS)
            kept = COUNTS[whole - 1] if whole else 0
            assert [record.payload for record in seen.records] == PAYLOADS[:kept]
            assert seen.damage, at
            assert seen.lost in (None, len(PAYLOADS) - kept)
            if at < ENDS[-2]:
                assert seen.lost == len(PAYLOADS) - kept, at


@given(st.integers(0, len(DATA)), st.integers(0, len(DATA)), st.binary(max_size=60))
def test_whatever_is_put_in_the_place_of_whatever_nothing_wrong_is_read(start: int, length: int, other: bytes) -> None:
    harmed = DATA[:start] + other + DATA[start + length :]
    read = [record.payload for record in scan(harmed, SEED).records]
    assert read == PAYLOADS[: len(read)]


@given(st.data())
def test_records_that_are_lost_repeated_or_moved_do_not_fit(data: st.DataObject) -> None:
    parts = [DATA[begin:end] for begin, end in zip([0, *ENDS], ENDS, strict=False)]
    order = data.draw(st.lists(st.integers(0, len(parts) - 1), max_size=8))
    read = [record.payload for record in scan(b"".join(parts[at] for at in order), SEED).records]
    assert read == PAYLOADS[: len(read)]


def test_another_call_s_or_incarnation_s_records_do_not_fit() -> None:
    for seed in (seed_of("c2", 2, 0), seed_of("c1", 3, 0), seed_of("c1", 2, 1)):
        seen = scan(DATA, seed)
        assert seen.records == ()
        assert "does not follow" in seen.damage


def test_the_ends_are_read_alone() -> None:
    first, last = first_record(DATA), last_record(DATA)
    assert first is not None
    assert last is not None
    assert (first.kind, first.payload, last.kind, last.flags & ENDED, last.payload) == (DESCRIPTION, b"call", DESCRIPTION, ENDED, b"over")
    assert length_at_end(DATA) == OVERHEAD + 4
    assert last_record(DATA[-OVERHEAD - 4 :]) == last
    for cut in range(1, OVERHEAD + 4):
        assert last_record(DATA[:-cut]) is None
        assert first_record(DATA[:cut]) is None
    assert last_record(b"\xff" * 100) is None
    assert length_at_end(b"") == 0


def test_a_later_format_and_an_unknown_kind_are_told_from_damage() -> None:
    data, _ = batch(start_of(SEED), [(TOMBSTONE + 1, 0, b"")])
    with pytest.raises(NewerFormatError, match=r"of the kind 4\.1\.0, which this program does not know"):
        scan(data, SEED)
    whole, _ = batch(start_of(SEED), [(BODY, 0, b"")])
    assert "a header is broken" in scan(whole[:3] + b"\x02" + whole[4:], SEED).damage  # a flip


def test_an_unknown_kind_inside_of_what_is_damaged_is_passed_over() -> None:
    one, tail = batch(start_of(SEED), [(BODY, 0, b"one")])
    two, _ = batch(tail, [(9, 0, b"two")])
    seen = scan(b"\0" + one[1:] + two, SEED)
    assert "a header is broken" in seen.damage
    assert seen.lost is None
