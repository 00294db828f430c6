"""Audio in frames, events to callbacks, connections that are kept."""

import asyncio
import logging
import wave
from pathlib import Path
from typing import Any

import pytest

from livekitex_agent import utils
from livekitex_agent.utils import audio
from livekitex_agent.utils.audio_frame import AudioFrame, mono, new_frame


def test_a_frame_has_what_the_sdks_has() -> None:
    frame = AudioFrame(b"\1\0\2\0\3\0\4\0", 8_000, 2, 2, userdata={"a": 1})
    assert list(frame.data) == [1, 2, 3, 4]
    assert (frame.sample_rate, frame.num_channels, frame.samples_per_channel, frame.duration) == (8_000, 2, 2, 0.00025)
    assert frame.userdata == {"a": 1}
    assert frame.to_wav_bytes().startswith(b"RIFF")
    assert mono(frame) == b"\1\0\3\0"
    assert AudioFrame.create(8_000, 1, 4).data.tobytes() == bytes(8)
    assert "sample_rate=8000" in repr(frame)
    with pytest.raises(ValueError, match="data length must be >="):
        AudioFrame(b"\0\0", 8_000, 1, 2)
    with pytest.raises(ValueError, match="multiple of"):
        AudioFrame(b"\0\0\0", 8_000, 1, 1)


def test_a_frame_is_the_sdks_where_that_is_in_use() -> None:
    rtc = pytest.importorskip("livekit.rtc", reason="the rtc SDK is not installed")
    assert isinstance(new_frame(b"\0\0", 8_000), rtc.AudioFrame)


def test_frames_are_joined() -> None:
    pieces = [new_frame(b"\1\0", 8_000), new_frame(b"\2\0\3\0", 8_000)]
    assert list(utils.merge_frames(pieces).data) == [1, 2, 3]
    assert utils.combine_frames(pieces[0]) is pieces[0]
    assert audio.calculate_audio_duration(pieces) == audio.calculate_audio_duration(utils.merge_frames(pieces))
    with pytest.raises(ValueError, match="empty"):
        utils.merge_frames([])
    with pytest.raises(ValueError, match="differ"):
        utils.merge_frames([pieces[0], new_frame(b"\1\0", 16_000)])


def test_bytes_are_cut_into_frames() -> None:
    cut = audio.AudioByteStream(1_000, 1, 100, progressive=True)
    lengths = [frame.samples_per_channel for frame in cut.push(bytes(500))]
    assert lengths == [20, 40, 80, 100]
    assert [frame.samples_per_channel for frame in cut.flush()] == [10]
    assert cut.flush() == []
    assert [frame.samples_per_channel for frame in audio.AudioByteStream(1_000, 1).write(bytes(400))] == [100, 100]


def test_frames_come_to_another_rate() -> None:
    resampler = audio.AudioResampler(48_000, 16_000)
    frames = [*resampler.push(audio.silence_frame(0.5, 48_000, 2)), *resampler.flush()]
    assert sum(frame.samples_per_channel for frame in frames) == 8_000
    assert audio.silence_frame_like(frames[0]).duration == frames[0].duration


@pytest.mark.asyncio
async def test_a_file_is_read_in_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(16_000))
    frames = [frame async for frame in audio.audio_frames_from_file(str(path), sample_rate=48_000)]
    assert sum(frame.samples_per_channel for frame in frames) == 12_000
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is no WAV file"):
        await anext(audio.audio_frames_from_file(str(path)))


def test_what_is_to_be_called_once_can_be_taken_back_and_a_cancelled_result_keeps_no_other_from_being_called() -> None:
    emitter: utils.EventEmitter[str] = utils.EventEmitter()
    got: list[str] = []

    @emitter.once("told")
    def never() -> None:
        got.append("never")

    @emitter.on("told")
    def cancelled() -> None:
        raise asyncio.CancelledError

    emitter.on("told", lambda: got.append("called"))
    emitter.off("told", never)
    emitter.emit("told")
    assert got == ["called"]


def test_callbacks_get_as_many_arguments_as_they_take(caplog: pytest.LogCaptureFixture) -> None:
    emitter: utils.EventEmitter[str] = utils.EventEmitter()
    got: list[Any] = []
    emitter.on("told", lambda: got.append(()))
    emitter.on("told", lambda first: got.append(first))  # noqa: PLW0108

    @emitter.on("told")
    def all_of_it(*args: Any) -> None:
        got.append(args)

    @emitter.once("told")
    def once(first: Any) -> None:
        got.append("once")

    @emitter.on("told")
    def broken() -> None:
        raise RuntimeError("callback")

    with caplog.at_level(logging.ERROR):
        emitter.emit("told", 1, 2)
    assert got == [(), 1, (1, 2), "once"]
    assert "a callback of the event told failed" in caplog.text
    emitter.off("told", broken)
    emitter.off("told", broken)
    emitter.emit("told", 3, 4)
    assert got[4:] == [(), 3, (3, 4)]
    with pytest.raises(ValueError, match="async callback"):
        emitter.on("told", test_a_file_is_read_in_frames)


@pytest.mark.asyncio
async def test_the_exceptions_of_functions_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    @utils.log_exceptions("in the background")
    async def later() -> None:
        raise RuntimeError("a")

    @utils.log_exceptions()
    def now() -> None:
        raise RuntimeError("b")

    with pytest.raises(RuntimeError, match="a"):
        await later()
    with pytest.raises(RuntimeError, match="b"):
        now()
    assert "Error in later - in the background" in caplog.text
    assert "Error in now" in caplog.text


@pytest.mark.asyncio
async def test_connections_are_used_again_until_they_are_too_old() -> None:
    made: list[str] = []
    closed: list[str] = []

    async def connect(_: float) -> str:
        made.append(f"c{len(made)}")
        return made[-1]

    async def close(connection: str) -> None:
        closed.append(connection)

    pool = utils.ConnectionPool(connect_cb=connect, close_cb=close, max_session_duration=1_000)
    async with pool.connection(timeout=1) as first:
        assert not pool.last_connection_reused
    async with pool.connection(timeout=1) as second:
        assert second == first
        assert pool.last_connection_reused
        pool.invalidate()
    async with pool.connection(timeout=1) as third:
        assert third != first
    assert closed == [first]
    with pytest.raises(RuntimeError, match="broken"):
        async with pool.connection(timeout=1):
            raise RuntimeError("broken")
    pool.prewarm()
    await asyncio.sleep(0)
    await pool.aclose()
    assert sorted(closed) == sorted(made)
    with pytest.raises(NotImplementedError):
        await utils.ConnectionPool[str]().get(timeout=1)


def test_the_environment_fills_in_what_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    from livekitex_agent.types import NOT_GIVEN

    monkeypatch.setenv("A_NUMBER", "7")
    assert utils.resolve_env_var(NOT_GIVEN, "NO_SUCH", "A_NUMBER") == "7"
    assert utils.resolve_env_var("given", "A_NUMBER") == "given"
    assert utils.resolve_env_int("A_NUMBER") == 7
    assert utils.resolve_env_int("NO_SUCH", 3) == 3
    assert utils.shortuuid("x_").startswith("x_")
    assert utils.misc.camel_to_snake_case("HTTPServerName") == "http_server_name"
