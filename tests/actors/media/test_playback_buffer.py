"""A listener with a buffer: each sample is heard once, in order, and what is recalled is not, without a click."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.media import FADE_MS, PlaybackBuffer
from actors.media.playback_buffer import MAX_HELD_S

RATE = 8_000
FADE = RATE * FADE_MS // 1000


def pcm(first: int, count: int) -> bytes:
    """Samples whose values follow from their positions."""
    return (np.arange(first, first + count) % 30_000 + 1).astype("<i2").tobytes()


def heard(buffer: PlaybackBuffer, samples: int) -> list[int]:
    return [int(value) for value in np.frombuffer(buffer.take(samples), "<i2")]


def test_what_comes_again_is_heard_once_and_silence_where_there_is_nothing() -> None:
    buffer = PlaybackBuffer(RATE)
    buffer.push("s", 0, pcm(0, 10))
    buffer.push("s", 5, pcm(5, 10))
    buffer.push("s", 2, pcm(2, 3))
    assert heard(buffer, 20) == [*range(1, 16), 0, 0, 0, 0, 0]
    assert buffer.held_s == 0
    assert buffer.position == 15
    buffer.push("t", 100, pcm(100, 2))
    assert heard(buffer, 2) == [101, 102]


def test_what_is_recalled_is_not_heard_and_the_rest_fades() -> None:
    buffer = PlaybackBuffer(RATE)
    buffer.push("s", 0, pcm(0, 1_000))
    heard(buffer, 100)
    buffer.clear("s", 300, FADE_MS)
    left = heard(buffer, 1_000)
    assert left[: 200 - FADE] == list(range(101, 301 - FADE))
    assert left[199:] == [0] * 801
    assert all(0 <= value <= position for position, value in enumerate(left[:200], 101))
    buffer.push("s", 300, pcm(300, 3))
    assert heard(buffer, 3) == [301, 302, 303], "it goes on there"


def test_a_recall_that_comes_too_late_fades_at_once() -> None:
    buffer = PlaybackBuffer(RATE)
    buffer.push("s", 0, pcm(0, 1_000))
    heard(buffer, 500)
    buffer.clear("s", 300, FADE_MS)
    left = heard(buffer, 500)
    assert left[0] >= 500
    assert left[FADE - 1 :] == [0] * (500 - FADE + 1)
    buffer.push("s", 300, pcm(300, 300))
    assert heard(buffer, 3)[0] == 501 + FADE, "what was heard is not heard again"


def test_in_another_loudness_it_goes_on_without_a_hole() -> None:
    buffer = PlaybackBuffer(RATE)
    buffer.push("s", 0, pcm(0, 1_000))
    heard(buffer, 100)
    buffer.clear("s", 160, 0)
    buffer.push("s", 160, pcm(10_160, 500))
    assert heard(buffer, 70) == [*range(101, 161), *range(10_161, 10_171)]
    buffer.clear("s", 165, 0)  # it has come further
    buffer.push("s", 165, pcm(165, 500))
    assert heard(buffer, 3) == [171, 172, 173]


def test_a_recall_of_another_speech_or_of_nothing_changes_nothing() -> None:
    buffer = PlaybackBuffer(RATE)
    buffer.push("s", 0, pcm(0, 10))
    buffer.clear("t", 0, FADE_MS)
    buffer.clear("s", 10, FADE_MS)
    assert heard(buffer, 10) == list(range(1, 11))


def test_it_holds_no_more_than_its_bound() -> None:
    buffer = PlaybackBuffer(RATE)
    for second in range(40):
        buffer.push("s", second * RATE, pcm(second * RATE, RATE))
    assert buffer.held_s == MAX_HELD_S
    assert buffer.dropped == 10 * RATE
    assert buffer.position == 10 * RATE


@given(st.lists(st.tuples(st.sampled_from(["push", "clear", "take"]), st.integers(0, 200)), max_size=30))
def test_whatever_is_recalled_each_position_is_heard_at_most_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    buffer, end, got = PlaybackBuffer(RATE), 0, list[int]()
    for what, amount in steps:
        if what == "push":
            buffer.push("s", end, pcm(end, amount))
            end += amount
        elif what == "clear":
            end = max(0, end - amount)
            buffer.clear("s", end, 0)
        else:
            got += [value for value in heard(buffer, amount) if value]
    assert got == sorted(set(got))
