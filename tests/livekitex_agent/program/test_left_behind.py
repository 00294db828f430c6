"""What no fork may have is found, and what is no harm is not."""

import os
import socket
import threading
from pathlib import Path

from livekitex_agent.program.left_behind import Held, left_since


def test_nothing_is_left_by_what_has_cleaned_up(tmp_path: Path) -> None:
    before = Held.now()
    (tmp_path / "model").write_bytes(b"weights")
    for end in socket.socketpair():
        end.close()
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    assert left_since(before) == ()


def test_a_file_that_is_only_read_is_no_harm_and_one_that_is_written_is(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"weights")
    before = Held.now()
    with path.open("rb"):
        assert left_since(before) == ()
    with path.open("ab") as written:
        assert left_since(before) == (f"descriptor {written.fileno()} ({path})",)


def test_threads_and_sockets_are_named() -> None:
    before = Held.now()
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="pool")
    thread.start()
    with socket.socket() as connection:
        found = left_since(before)
        inode = os.fstat(connection.fileno()).st_ino
        assert found == ("thread pool", f"descriptor {connection.fileno()} (socket:[{inode}])")
    end.set()
    thread.join()
    assert left_since(before) == ()
