"""What outlives the process: torn writes lose nothing that was acknowledged."""

from typing import Never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session import shared_audio_buffer
from actors.agent_session.shared_audio_buffer import (
    CAPACITY,
    MAX_CARRIED,
    SHARED_AUDIO_BUFFER_BYTES,
    SharedAudioBuffer,
    Watermark,
    watermark_of,
)
from protocols import SESSION_RATE_HZ

S = SESSION_RATE_HZ


def fresh(fresh_at: int = 0) -> tuple[memoryview, SharedAudioBuffer]:
    view = memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES))
    return view, SharedAudioBuffer(view, fresh_at=fresh_at)


def pcm(first: int, count: int) -> bytes:
    """Samples whose values follow from their positions."""
    return b"".join((position % 30_011).to_bytes(2, "little") for position in range(first, first + count))


def test_a_fresh_memory_is_empty() -> None:
    _, memory = fresh()
    assert (memory.position, memory.oldest, memory.next_sequence) == (0, 0, 0)
    assert (memory.carried, memory.settled) == (b"", 0)
    assert memory.read(0, 0) == b""
    assert memory.read(0, 1) is None


def test_another_life_finds_everything() -> None:
    view, memory = fresh(fresh_at=500)
    memory.append(pcm(500, 320), b"for the second")
    memory.append(pcm(820, 320), b"for the third")
    memory.settle(800)
    again = SharedAudioBuffer(view, fresh_at=9)
    assert (again.position, again.oldest, again.next_sequence) == (1_140, 500, 2)
    assert again.read(500, 1_140) == pcm(500, 640)
    assert (again.carried, again.settled) == (b"for the third", 800)


@given(st.lists(st.integers(1, CAPACITY), min_size=1, max_size=6))
def test_the_newest_audio_is_there_however_it_came(sizes: list[int]) -> None:
    _, memory = fresh()
    audio = b""
    for size in sizes:
        chunk = pcm(memory.position, size)
        audio = (audio + chunk)[-2 * CAPACITY :]
        memory.append(chunk)
    assert memory.position == sum(sizes)
    assert memory.oldest == max(0, sum(sizes) - CAPACITY)
    assert memory.read(memory.oldest, memory.position) == audio
    middle = (memory.oldest + memory.position) // 2
    assert memory.read(middle, memory.position) == audio[(middle - memory.oldest) * 2 :]
    assert memory.read(memory.oldest - 1, memory.position) is None
    assert memory.read(memory.position, memory.position + 1) is None


@pytest.mark.parametrize("torn", [*range(64, 448), *range(512, 1536, 7)])
def test_whatever_byte_of_a_slot_is_torn_the_fact_before_it_stands(torn: int) -> None:
    view, memory = fresh()
    for number in range(1, 4):
        memory.append(pcm(memory.position, 100), bytes([number]) * MAX_CARRIED)
        memory.raise_watermark(number, 10 * number)
        memory.settle(number * 60)
    before = bytes(view[torn : torn + 1])
    view[torn] ^= 0xFF
    again = SharedAudioBuffer(view)
    assert again.position in {200, 300}
    assert again.settled in {120, 180}
    assert again.next_sequence == again.position // 100
    assert again.carried == bytes([again.next_sequence]) * MAX_CARRIED
    assert watermark_of(view) in {Watermark(2, 20), Watermark(3, 30)}
    view[torn : torn + 1] = before
    assert SharedAudioBuffer(view).position == 300


def test_a_memory_with_two_broken_slots_is_as_if_nothing_had_come() -> None:
    view, memory = fresh()
    memory.append(pcm(0, 100))
    view[64] ^= 0xFF
    view[128] ^= 0xFF
    assert SharedAudioBuffer(view).position == 0


def test_the_floor_only_rises() -> None:
    view, memory = fresh()
    assert watermark_of(view) == watermark_of(None) == watermark_of(memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES))) == Watermark(0, 1)
    memory.raise_watermark(2, 40)
    memory.raise_watermark(1, 7)
    assert watermark_of(view) == Watermark(2, 40)
    SharedAudioBuffer(view).raise_watermark(3, 1)
    assert watermark_of(view) == Watermark(3, 40)
    SharedAudioBuffer(view).end()
    assert watermark_of(view) == Watermark(3, 40, over=True)
    SharedAudioBuffer(view).raise_watermark(4, 41)
    assert watermark_of(view).over


def test_a_memory_of_another_layout_is_made_anew() -> None:
    view, memory = fresh()
    memory.append(pcm(0, 100))
    view[0] ^= 0xFF
    assert SharedAudioBuffer(view, fresh_at=7).position == 7


class Killed(BaseException):
    """The process was killed before a write."""


def kill(*_: object) -> Never:
    raise Killed


@pytest.mark.parametrize("before", [100, CAPACITY - 50], ids=["in the middle", "around the end of the ring"])
def test_whoever_is_killed_before_the_slot_has_written_the_samples_and_nothing_counts(monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    view, memory = fresh()
    memory.append(pcm(0, before), b"one")
    slots = bytes(view[64:576])
    with monkeypatch.context() as patch:
        patch.setattr(shared_audio_buffer, "write_fact", kill)
        with pytest.raises(Killed):
            memory.append(pcm(before, 200), b"two")
    assert bytes(view[64:576]) == slots, "the slot comes last"
    ring = bytes(view[1536:])
    written = b"".join(ring[(before + n) % CAPACITY * 2 :][:2] for n in range(200))
    assert written == pcm(before, 200), "the samples are in the ring before the slot that says so"
    again = SharedAudioBuffer(view)
    assert (again.position, again.next_sequence, again.carried) == (before, 1, b"one")
    assert (memory.position, memory.next_sequence) == (before, 1), "nor does the memory that was interrupted count it"
    again.append(pcm(before, 200), b"two")
    assert (again.position, again.carried) == (before + 200, b"two")
    assert again.read(before, before + 200) == pcm(before, 200)


def test_a_memory_counts_as_one_only_once_all_its_slots_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    view = memoryview(bytearray(b"\xff" * SHARED_AUDIO_BUFFER_BYTES))
    with monkeypatch.context() as patch:
        patch.setattr(shared_audio_buffer, "write_fact", kill)
        with pytest.raises(Killed):
            SharedAudioBuffer(view, fresh_at=7)
    assert watermark_of(view) == Watermark()
    assert SharedAudioBuffer(view, fresh_at=9).position == 9
