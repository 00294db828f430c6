"""The caller's time line."""

from contextlib import aclosing
from typing import Any

import pytest

from livekitex_agent.testing.caller import FRAME_S, Utterance, in_time, time_line
from livekitex_agent.testing.fakes import read_aloud, spoken
from protocols import SESSION_RATE_HZ, InvalidAudioError, UsageError
from support import virtual_time

SECOND = SESSION_RATE_HZ * 2


def test_utterances_stand_where_they_are_said() -> None:
    line = time_line([Utterance(text="one", at_s=1.0), Utterance(text="two", at_s=2.0), Utterance(pcm=b"\1\0" * 160, pause_s=0.5)])
    assert line[:SECOND] == bytes(SECOND)
    assert read_aloud(line[SECOND : 2 * SECOND], SESSION_RATE_HZ) == "one"
    assert read_aloud(line[2 * SECOND : 2 * SECOND + len(spoken("two"))], SESSION_RATE_HZ) == "two"
    assert line.endswith(b"\1\0" * 160 + bytes(SECOND // 2))
    assert time_line([]) == b""


def test_utterances_do_not_overlap() -> None:
    with pytest.raises(UsageError, match=r"the utterance at 0.01 s begins before the one before it has ended"):
        time_line([Utterance(text="one"), Utterance(text="two", at_s=0.01)])
    assert time_line([Utterance(text="one"), Utterance(text="two", at_s=0.03)])


@pytest.mark.parametrize(
    ("fields", "error", "text"),
    [
        ({}, UsageError, "either text or pcm"),
        ({"text": "a", "pcm": b"\0\0"}, UsageError, "either text or pcm"),
        ({"text": "a", "at_s": -1.0}, UsageError, "negative"),
        ({"text": "a", "pause_s": -1.0}, UsageError, "negative"),
        ({"pcm": b"\0"}, InvalidAudioError, "PCM16"),
    ],
)
def test_an_utterance_that_is_none_is_refused(fields: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Utterance(**fields)


def test_audio_comes_when_it_is_spoken_and_then_silence() -> None:
    async def work() -> list[tuple[float, bytes]]:
        began, heard = virtual_time.clock().monotonic(), []
        async with aclosing(in_time(spoken("abc"))) as frames:
            async for frame in frames:
                heard.append((virtual_time.clock().monotonic() - began, frame))
                if len(heard) == 4:
                    break
        return heard

    heard = virtual_time.run(work())
    assert [at for at, _ in heard] == pytest.approx([number * FRAME_S for number in range(4)], abs=1e-3)
    assert b"".join(frame for _, frame in heard) == spoken("abc") + bytes(320 + 2 * 640)
