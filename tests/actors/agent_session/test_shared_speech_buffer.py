"""What was made of a reply and not heard yet survives any death, and nothing unheard is ever overwritten."""

from typing import Never

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.agent_session import shared_speech_buffer
from actors.agent_session.core import KeptSpeech, Stretch
from actors.agent_session.shared_speech_buffer import MAX_STRETCHES, SHARED_SPEECH_BUFFER_BYTES, SPEECH_CAPACITY, SharedSpeechBuffer

PAGE = 4_096


def fresh() -> tuple[memoryview, SharedSpeechBuffer]:
    view = memoryview(bytearray(SHARED_SPEECH_BUFFER_BYTES))
    return view, SharedSpeechBuffer(view)


def pcm(first: int, count: int) -> bytes:
    """Samples whose values follow from their positions."""
    return (np.arange(first, first + count) % 30_011).astype("<i2").tobytes()


def add(memory: SharedSpeechBuffer, index: int, samples: int, *, char: int | None = None) -> bool:
    """More of a sentence: its end, or up to the character ``char``."""
    return memory.append(index, pcm(memory.end, samples), (index + 1, 0) if char is None else (index, char))


def test_of_a_fresh_memory_nothing_is_kept() -> None:
    view, memory = fresh()
    assert memory.kept("turn-1") is None
    assert memory.room == SPEECH_CAPACITY
    view[0] ^= 0xFF
    assert SharedSpeechBuffer(view).kept("turn-1") is None


def test_another_life_finds_what_was_not_heard() -> None:
    view, memory = fresh()
    memory.begin("turn-1", 0, 0)
    add(memory, 0, 1_000)
    add(memory, 1, 500, char=8)
    memory.mark("turn-1", 400, 0, 12)
    again = SharedSpeechBuffer(view)
    kept = again.kept("turn-1")
    stretches = (Stretch(index=0, start=400, end=1_000), Stretch(index=1, start=1_000, end=1_500))
    assert kept == KeptSpeech(heard=400, heard_index=0, heard_char=12, stretches=stretches, next_index=1, next_char=8)
    assert kept is not None
    assert again.read(400, 1_500) == pcm(400, 1_100)
    assert (kept.until, kept.of(0), kept.of(1), kept.of(2)) == (1_500, (400, 1_000), (1_000, 1_500), (1_500, 1_500))
    assert again.kept("turn-2") is None


def test_another_life_goes_on_with_the_sentence() -> None:
    view, memory = fresh()
    memory.begin("turn-1", 0, 0)
    add(memory, 0, 900, char=5)
    again = SharedSpeechBuffer(view)
    add(again, 0, 50)
    add(again, 1, 70)
    kept = SharedSpeechBuffer(view).kept("turn-1")
    assert kept is not None
    assert kept.stretches == (Stretch(index=0, start=0, end=950), Stretch(index=1, start=950, end=1_020))
    assert (kept.next_index, kept.next_char) == (2, 0)


def test_what_was_heard_whole_is_not_there_any_more() -> None:
    _, memory = fresh()
    memory.begin("turn-1", 0, 0)
    add(memory, 0, 900, char=5)
    memory.mark("turn-1", 900, 0, 9)
    kept = memory.kept("turn-1")
    assert kept == KeptSpeech(heard=900, heard_index=0, heard_char=9, stretches=(), next_index=0, next_char=5)


def test_a_new_reply_begins_with_nothing_whatever_was_marked_before() -> None:
    view, memory = fresh()
    memory.begin("turn-1", 0, 0)
    add(memory, 0, 1_000)
    memory.mark("turn-1", 900, 0, 3)
    memory.begin("turn-1", 0, 0)  # as of a call without a journal, which begins anew
    kept = SharedSpeechBuffer(view).kept("turn-1")
    assert kept == KeptSpeech(heard=0, heard_index=0, heard_char=0, stretches=(), next_index=0, next_char=0)
    memory.begin("turn-2", 5_000, 3)
    assert memory.kept("turn-1") is None
    assert (memory.end, memory.room) == (5_000, SPEECH_CAPACITY)
    memory.mark("turn-1", 5_100, 0, 0)  # late, of another reply
    late = memory.kept("turn-2")
    assert late is not None
    assert (late.heard, late.heard_index) == (5_000, 3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, SPEECH_CAPACITY), st.floats(0, 1)), min_size=1, max_size=6))
def test_what_is_not_heard_is_never_overwritten(steps: list[tuple[int, float]]) -> None:
    view, memory = fresh()
    memory.begin("s", 0, 0)
    heard = 0
    for number, (wanted, share) in enumerate(steps):
        add(memory, number, min(wanted, memory.room))
        heard += int((memory.end - heard) * share)
        memory.mark("s", heard, number, 0)
        kept = SharedSpeechBuffer(view).kept("s")
        assert kept is not None
        assert (kept.heard, kept.until) == (heard, memory.end)
        assert memory.read(heard, memory.end) == pcm(heard, memory.end - heard)
        assert memory.room == SPEECH_CAPACITY - (memory.end - heard)


def test_there_is_a_bound_to_the_sentences_and_those_that_were_heard_make_room() -> None:
    _, memory = fresh()
    memory.begin("s", 0, 0)
    assert all(add(memory, index, 10) for index in range(MAX_STRETCHES))
    before = memory.kept("s")
    assert not add(memory, MAX_STRETCHES, 10)
    assert memory.kept("s") == before
    memory.mark("s", 10, 1, 0)
    assert add(memory, MAX_STRETCHES, 10)
    kept = memory.kept("s")
    assert kept is not None
    assert [stretch.index for stretch in kept.stretches] == list(range(1, MAX_STRETCHES + 1))


def test_whatever_byte_is_torn_the_fact_before_it_stands() -> None:
    view, memory = fresh()
    memory.begin("s", 0, 0)
    for number in range(3):
        add(memory, number, 100)
        memory.mark("s", 50 * number, 0, number)
    for torn in (*range(64, 320), *range(320, 2_752, 5)):
        view[torn] ^= 0xFF
        kept = SharedSpeechBuffer(view).kept("s")
        view[torn] ^= 0xFF
        assert kept is not None
        assert (kept.until, kept.next_index) in {(200, 2), (300, 3)}, torn
        assert kept.heard in {50, 100}, torn


class Killed(BaseException):
    """The process was killed before a write."""


def kill(*_: object) -> Never:
    raise Killed


def test_audio_counts_only_once_its_slot_does(monkeypatch: pytest.MonkeyPatch) -> None:
    view, memory = fresh()
    memory.begin("s", 0, 0)
    add(memory, 0, SPEECH_CAPACITY)
    memory.mark("s", 300, 0, 0)
    with monkeypatch.context() as patch:
        patch.setattr(shared_speech_buffer, "write_fact", kill)
        with pytest.raises(Killed):
            add(memory, 0, 300)
    kept = SharedSpeechBuffer(view).kept("s")
    assert kept is not None
    assert (kept.heard, kept.until) == (300, SPEECH_CAPACITY)
    assert memory.read(300, SPEECH_CAPACITY) == pcm(300, SPEECH_CAPACITY - 300)


def test_only_pages_that_are_used_are_touched() -> None:
    view, memory = fresh()
    for number in range(20):
        memory.begin(f"turn-{number}", 0, 0)
        add(memory, 0, 24_000)
    touched = sum(any(view[at : at + PAGE]) for at in range(0, len(view), PAGE))
    assert touched * PAGE <= 2_816 + 48_000 + 2 * PAGE
