import os
import socket

from hypothesis import given
from hypothesis import strategies as st

from support import procfs

NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:8F3B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:8F3C 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
"""


def test_stat_of_a_name_with_brackets_and_spaces() -> None:
    assert procfs.parse_stat("42 (a (b) c) S 7 42 42 0 -1") == procfs.Stat(42, "a (b) c", "S", 7)


def test_environ_leaves_out_what_is_no_assignment() -> None:
    assert procfs.parse_environ(b"A=1\0B=x=y\0junk\0\0") == {"A": "1", "B": "x=y"}


@given(st.binary())
def test_any_environment_parses(data: bytes) -> None:
    procfs.parse_environ(data)


def test_only_listening_sockets_count() -> None:
    assert procfs.parse_listeners(NET_TCP) == {4711: 0x8F3B}


def test_socket_links() -> None:
    assert procfs.socket_inode("socket:[123]") == 123
    assert procfs.socket_inode("/dev/null") is None


def test_a_real_listener_is_found_by_its_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port in procfs.listening_ports(os.getpid(), procfs.listeners())
        assert os.fstat(server.fileno()).st_ino in procfs.tcp_inodes()
    assert port not in procfs.listening_ports(os.getpid(), procfs.listeners())


def test_this_process() -> None:
    me = procfs.stat(os.getpid())
    assert me is not None
    assert me.parent == os.getppid()
    assert os.getpid() in procfs.pids()
    assert "pytest" in procfs.command_line(os.getpid())
    assert any(name.endswith(".so") or ".so." in name for name in procfs.mapped_files(os.getpid()))


def test_a_process_that_is_gone() -> None:
    gone = 2**22 + 1  # above the largest pid that Linux gives
    assert procfs.stat(gone) is None
    assert procfs.parent(gone) is None
    assert procfs.environ(gone) == {}
    assert procfs.command_line(gone) == ""
    assert list(procfs.open_links(gone)) == []
    assert procfs.mapped_files(gone) == set()
