import pytest

from actors.audio_processor import AudioProcessor
from protocols import (
    AudioConverted,
    AudioHandled,
    ConfigurationError,
    ConvertAudio,
    ErrorReply,
    Figures,
    GetAudioConfiguration,
    GetFigures,
    GetSession,
)
from support.fake_context import FakeContext


def started(**args: object) -> tuple[FakeContext, AudioProcessor]:
    context = FakeContext()
    actor = AudioProcessor(context)
    actor.on_start(args)
    return context, actor


def test_jobs_are_done_and_counted() -> None:
    context, actor = started()
    assert context.deliver(actor, ConvertAudio(pcm=bytes(320), from_rate_hz=16_000, to_rate_hz=48_000)) == [
        AudioConverted(pcm=bytes(960), rate_hz=48_000)
    ]
    assert context.deliver(actor, AudioHandled(seconds_in=2.0, seconds_out=1.0, dropped_s=0.5)) == []
    [reply] = context.deliver(actor, GetFigures())
    assert isinstance(reply, Figures)
    assert reply.role == "audio_processor"
    assert reply.figures["conversions"] == 1
    assert reply.figures["converted_bytes"] == 320
    assert reply.figures["seconds_in"] == 2.0


@pytest.mark.parametrize(
    ("pcm", "from_hz", "to_hz"),
    [(b"", 16_000, 8_000), (b"\0\0\0", 16_000, 8_000), (b"\0\0", 11_025, 8_000), (bytes(200_000), 8_000, 48_000)],
)
def test_bad_audio_is_answered_with_its_cure_and_the_actor_lives_on(pcm: bytes, from_hz: int, to_hz: int) -> None:
    context, actor = started()
    [reply] = context.deliver(actor, ConvertAudio(pcm=pcm, from_rate_hz=from_hz, to_rate_hz=to_hz))
    assert isinstance(reply, ErrorReply)
    assert (reply.error, reply.retryable) == ("InvalidAudioError", False)
    assert reply.text
    [figures] = context.deliver(actor, GetFigures())
    assert isinstance(figures, Figures)
    assert figures.figures["refused"] == 1
    assert context.deliver(actor, ConvertAudio(pcm=b"\1\2", from_rate_hz=8_000, to_rate_hz=8_000)) == [
        AudioConverted(pcm=b"\1\2", rate_hz=8_000)
    ]


def test_the_configuration_is_told() -> None:
    context, actor = started(frame_ms=40)
    [reply] = context.deliver(actor, GetAudioConfiguration())
    assert isinstance(reply, Figures)
    assert reply.figures["frame_ms"] == 40
    assert context.deliver(actor, GetSession()) == []


def test_wrong_options_fail_the_start() -> None:
    with pytest.raises(ConfigurationError, match="frame_ms"):
        started(frame_ms=0)
