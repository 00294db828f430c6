import os
import socket
from collections.abc import Callable, Iterator

import pytest

from livekitex_agent.gateway.channel import Channel
from livekitex_agent.gateway.frames import Frame, FrameReader, Pushed, StopSystem, SystemReady, Unanswered, encode_frame
from protocols import AudioPushed
from supervision import Cancel


class Loop:
    """Watches and timers that the test runs by hand."""

    def __init__(self) -> None:
        self.watched: dict[int, Callable[[], None]] = {}
        self.timers: list[Callable[[], None]] = []

    def watch(self, fd: int, callback: Callable[[], None]) -> Cancel:
        self.watched[fd] = callback
        return lambda: self.watched.pop(fd) and None

    def after(self, _delay_s: float, callback: Callable[[], None]) -> Cancel:
        self.timers.append(callback)
        return lambda: self.timers.remove(callback)

    def run_timers(self) -> None:
        timers, self.timers = self.timers, []
        for callback in timers:
            callback()


class Harness:
    def __init__(self, starter_pid: int) -> None:
        self.script, launcher = socket.socketpair()
        self.script.setblocking(False)
        self.fd = launcher.fileno()
        self.loop = Loop()
        self.frames: list[Frame] = []
        self.closed = 0
        self.reader = FrameReader()
        self.exit_fd, self.exit_writer = os.pipe()
        self.channel = Channel(launcher, self.exit_fd, watch=self.loop.watch, after=self.loop.after)
        self.channel.start(starter_pid, self.frames.append, self.on_closed)

    def on_closed(self) -> None:
        self.closed += 1

    def readable(self) -> None:
        self.loop.watched[self.fd]()

    def received(self) -> list[Frame]:
        data = b""
        try:
            while more := self.script.recv(1 << 20):
                data += more
        except BlockingIOError:
            pass
        return list(self.reader.feed(data))


@pytest.fixture
def harness() -> Iterator[Harness]:
    harness = Harness(os.getppid())
    yield harness
    harness.channel.close()
    harness.script.close()
    os.close(harness.exit_writer)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(harness.exit_fd)


def test_a_script_whose_exit_handlers_run_has_a_moment(harness: Harness) -> None:
    os.write(harness.exit_writer, b"x")
    harness.loop.watched[harness.exit_fd]()
    assert harness.exit_fd not in harness.loop.watched
    assert harness.closed == 0
    harness.script.send(encode_frame(StopSystem()))
    harness.readable()
    assert harness.frames == [StopSystem()]
    harness.loop.run_timers()
    assert harness.closed == 1


def test_the_end_of_the_exit_pipe_alone_says_nothing(harness: Harness) -> None:
    writer, harness.exit_writer = harness.exit_writer, os.open(os.devnull, os.O_RDONLY)
    os.close(writer)
    harness.loop.watched[harness.exit_fd]()
    harness.loop.run_timers()
    assert harness.closed == 0


def test_frames_both_ways(harness: Harness) -> None:
    harness.script.send(encode_frame(StopSystem()) * 2)
    harness.readable()
    assert harness.frames == [StopSystem(), StopSystem()]
    harness.channel.send(SystemReady(root_pid=1))
    assert harness.received() == [SystemReady(root_pid=1)]
    harness.readable()  # a wake-up for nothing
    assert harness.closed == 0


def test_a_script_that_closes_its_end_is_told_once_and_watched_no_more(harness: Harness) -> None:
    harness.script.close()
    harness.readable()
    assert harness.closed == 1
    assert harness.loop.watched == {}
    harness.channel.send(SystemReady(root_pid=1))  # nobody reads it


def test_a_starter_that_ends_closes_it_whoever_holds_its_socket(harness: Harness) -> None:
    (starter,) = [callback for fd, callback in harness.loop.watched.items() if fd not in (harness.fd, harness.exit_fd)]
    starter()
    assert harness.closed == 1


def test_a_starter_that_ended_before_closes_it_too() -> None:
    harness = Harness(starter_pid=1 << 30)
    harness.loop.run_timers()
    assert harness.closed == 1
    harness.channel.close()
    harness.script.close()


def test_bytes_that_are_no_frame_close_it(harness: Harness) -> None:
    harness.script.send(b"\xff\xff\xff\xff")
    harness.readable()
    assert harness.closed == 1


def test_a_script_that_ends_with_something_unread_is_nothing_to_warn_of(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    harness.channel.send(SystemReady(root_pid=1))
    harness.script.close()
    harness.readable()
    assert harness.closed == 1
    assert caplog.records == []


def test_a_connection_that_breaks_is_closed(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def recv(self, _size: int) -> bytes:
            raise OSError

        def __getattr__(self, name: str) -> object:
            return getattr(connection, name)

    connection = harness.channel._socket
    monkeypatch.setattr(harness.channel, "_socket", Broken())
    harness.readable()
    assert harness.closed == 1


def test_a_script_that_does_not_read_blocks_nobody(harness: Harness) -> None:
    sent = [
        Pushed(message=AudioPushed(call_id="c", speech_id="s", position=position, rate_hz=16_000, pcm=b"\0\0" * 16_000))
        for position in range(50)
    ]
    for frame in sent:
        harness.channel.send(frame)
    assert len(harness.loop.timers) == 1
    received: list[Frame] = []
    while harness.loop.timers:
        received += harness.received()
        harness.loop.run_timers()
    assert received + harness.received() == sent


def test_what_waits_is_written_before_it_is_closed(harness: Harness) -> None:
    harness.channel._blocked = True
    harness.channel.send(Unanswered(request_id=1, reason="late"))
    harness.channel.close()
    assert harness.received() == [Unanswered(request_id=1, reason="late")]
