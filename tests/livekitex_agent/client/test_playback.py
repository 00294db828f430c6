from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.client.playback import Playback
from protocols import AudioCleared, AudioPushed

REPLY = b"".join(sample.to_bytes(2, "little") for sample in range(1_000))


def piece(start: int, end: int, speech_id: str = "one") -> AudioPushed:
    return AudioPushed(call_id="c", speech_id=speech_id, position=start, rate_hz=8_000, pcm=REPLY[2 * start : 2 * end])


def test_another_reply_begins_anew() -> None:
    playback, _ = Playback().play(piece(0, 100))
    assert playback.play(piece(0, 50, "two")) == (Playback("two", 50), piece(0, 50, "two"))


def test_a_reply_that_was_interrupted_elsewhere_may_have_a_hole() -> None:
    playback, _ = Playback().play(piece(0, 100))
    assert playback.play(piece(200, 300)) == (Playback("one", 300), piece(200, 300))


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(1, 300))))
def test_however_often_it_goes_back_each_sample_is_heard_once(pushes: list[tuple[int, int]]) -> None:
    playback, heard, end = Playback(), b"", 0
    for back, length in pushes:
        start = max(0, end - back)
        playback, fresh = playback.play(piece(start, min(1_000, start + length)) if start < 1_000 else piece(999, 1_000))
        if fresh is not None:
            assert fresh.position * 2 == len(heard)
            heard += fresh.pcm
        end = len(heard) // 2
    assert heard == REPLY[: len(heard)]


def test_what_was_recalled_is_heard_when_it_comes_again() -> None:
    playback, _ = Playback().play(piece(0, 300))
    assert playback.clear(AudioCleared(call_id="c", speech_id="another", position=0, fade_ms=10)) == playback
    cleared = playback.clear(AudioCleared(call_id="c", speech_id="one", position=200, fade_ms=10))
    assert cleared.play(piece(200, 400)) == (Playback("one", 400), piece(200, 400))
    further = playback.clear(AudioCleared(call_id="c", speech_id="one", position=500, fade_ms=10))
    assert further == playback, "what never came was not heard either"
