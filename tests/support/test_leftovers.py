import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support import leftovers
from support.leftovers import Leftovers, descends, files_below
from support.nothing_left_per_test import leaves_nothing

PAUSE = "import signal; signal.pause()"
ORPHAN = f"import os\nif os.fork() == 0:\n    os.setsid()\n    {PAUSE}"


def test_the_count_is_the_last_line() -> None:
    assert str(Leftovers()) == "left: 0 processes 0 ports 0 files"
    assert not Leftovers()
    found = Leftovers(processes=("process 1: init",), ports=("port 80 of process 1",), files=("a", "b"))
    assert found
    assert str(found).splitlines() == [
        "  process 1: init",
        "  port 80 of process 1",
        "  a",
        "  b",
        "left: 1 processes 1 ports 2 files",
    ]


def test_descent() -> None:
    parent_of = {5: 4, 4: 3, 3: 1, 9: 1}.get
    assert descends(5, {3}, parent_of)
    assert not descends(3, {3}, parent_of)
    assert not descends(9, {3}, parent_of)
    assert not descends(7, {8}, {7: 6, 6: 7}.get)  # a pid reused while /proc was read


def test_files_and_empty_folders_count_but_not_those_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "a" / "empty").mkdir(parents=True)
    (tmp_path / "b.sock").touch()
    (tmp_path / "pytest-of-me" / "0").mkdir(parents=True)
    assert files_below(tmp_path) == [str(tmp_path / "a" / "empty"), str(tmp_path / "b.sock")]


def test_shared_memory_in_use_belongs_to_its_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "SHARED_MEMORY", tmp_path)
    before = leftovers.shared_memory()
    (tmp_path / "abandoned").touch()
    with (tmp_path / "used").open("w"):
        assert leftovers.new_shared_memory(before) == [str(tmp_path / "abandoned")]


def test_waiting_ends_at_the_deadline_with_who_is_left() -> None:
    me = os.getpid()
    assert leftovers.wait_for_end(lambda: {me}, timeout_s=0.01) == {me}


def test_waiting_sees_the_end() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        assert leftovers.wait_for_end(lambda: leftovers.belonging({os.getpid()}, "", {child.pid})) == set()


def test_a_clean_body_passes() -> None:
    with leaves_nothing("the body"):
        subprocess.run([sys.executable, "-c", "pass"], check=True)


def test_a_child_left_behind_is_named_and_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers.wait_for_end, "__kwdefaults__", {"timeout_s": 0.01})
    with pytest.raises(pytest.fail.Exception, match=r"the body left something behind\n  process \d+: .*pause"), leaves_nothing("the body"):
        child = subprocess.Popen([sys.executable, "-c", PAUSE])
    assert child.wait() == -signal.SIGKILL


def test_an_orphan_is_found_by_its_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers.wait_for_end, "__kwdefaults__", {"timeout_s": 0.01})
    with pytest.raises(pytest.fail.Exception, match="left: 1 processes 0 ports 0 files"), leaves_nothing("the body"):
        subprocess.run([sys.executable, "-c", ORPHAN], check=True)


def test_a_port_and_a_file_left_behind() -> None:
    def leave() -> None:
        with leaves_nothing("the body"):
            Path(tempfile.gettempdir(), "left").touch()
            servers.append(socket.create_server(("127.0.0.1", 0)))

    servers: list[socket.socket] = []
    with pytest.raises(pytest.fail.Exception, match="left: 0 processes 1 ports 1 files"):
        leave()
    servers[0].close()
