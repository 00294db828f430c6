import os
import socket
from collections.abc import Iterator

import pytest

from livekitex_agent.client import lifelines
from livekitex_agent.client.lifelines import Lifeline
from support import fresh


@pytest.fixture
def lifeline() -> Iterator[Lifeline]:
    lifeline = Lifeline()
    yield lifeline
    lifeline.cut()
    if lifeline.theirs.fileno() >= 0:
        lifeline.hand_over()


def forked(code: str) -> str:
    """What is printed by a script that makes a lifeline, forks, and runs ``code`` in the child; then it looks at its own end."""
    return fresh.python(
        f"""
        import os, sys
        from livekitex_agent.client import lifelines
        lifeline = lifelines.Lifeline()
        pid = os.fork()
        if not pid:
            {code}
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        lifeline.theirs.setblocking(False)
        lifeline.connection.send(b"parent")
        print(lifeline.theirs.recv(10), lifeline.foreign)
        """
    ).stdout


def test_it_is_cut_even_while_somebody_holds_a_copy(lifeline: Lifeline) -> None:
    copy = os.dup(lifeline.connection.fileno())
    lifeline.cut()
    lifeline.cut()
    assert lifeline.theirs.recv(1) == b""
    os.close(copy)


def test_the_exit_is_told_once_there_is_somebody_to_tell(lifeline: Lifeline) -> None:
    lifelines._tell_exit()
    assert os.read(lifeline.exit_fd, 10) == b"x"
    lifeline.hand_over()
    lifeline.tell_exit()
    lifeline.cut()
    lifeline.tell_exit()


def test_a_fork_holds_no_copy_and_can_neither_speak_nor_cut_nor_tell() -> None:
    code = "assert lifeline.foreign and lifeline.connection.recv(1) == b''; lifeline.tell_exit(); lifeline.cut()"
    assert forked(code) == "b'parent' False\n"


def test_a_fork_that_leaves_by_its_exit_handlers_says_nothing() -> None:
    assert forked("sys.exit(0)") == "b'parent' False\n"


def test_a_fork_after_the_end_finds_nothing_to_disown() -> None:
    assert "b'parent'" in forked("lifeline.cut(); (os.fork() or os._exit(0)) and os.wait()")


def test_the_exit_is_told_before_every_exit_handler_and_after_every_thread() -> None:
    run = fresh.python(
        """
        import atexit, os, threading
        from livekitex_agent.client import lifelines
        lifeline = lifelines.Lifeline()
        os.set_blocking(lifeline.exit_fd, True)
        def work():
            threading.main_thread().join()
            os.set_blocking(lifeline.exit_fd, False)
            try:
                os.read(lifeline.exit_fd, 1)
            except BlockingIOError:
                print("a thread works")
        threading.Thread(target=work).start()
        atexit.register(lambda: print("a handler runs", os.read(lifeline.exit_fd, 1)))
        """
    )
    assert run.stdout == "a thread works\na handler runs b'x'\n"


def test_who_starts_when_the_main_thread_has_ended_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_callback: object) -> None:
        raise RuntimeError("can't register atexit after shutdown")

    monkeypatch.setattr(lifelines, "_watched", set())
    monkeypatch.setattr(lifelines.threading, "_register_atexit", refuse)
    lifelines._watch_exit()


def test_a_number_of_a_standard_stream_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifelines, "STDERR_FILENO", 60)
    with socket.socket() as plain:
        moved = lifelines._above_standard(plain)
        assert moved.fileno() > 60
        assert not moved.get_inheritable()
        moved.close()


def test_without_a_descriptor_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_flags: int) -> None:
        raise OSError(24, "Too many open files")

    before = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "pipe2", refuse)
        with pytest.raises(OSError, match="Too many"):
            Lifeline()
    assert len(os.listdir("/proc/self/fd")) == before
