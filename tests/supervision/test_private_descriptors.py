"""What a worker that user code forks has of the process that it was forked from."""

from pathlib import Path

import pytest

from support import fresh

pytestmark = pytest.mark.processes

SETUP = """
        import os, socket
        from supervision.private_descriptors import keep_private, our_fork

        def in_a_fork(look):
            pid = os.fork()
            if not pid:
                code = 1
                try:
                    look()
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitpid(pid, 0)[1] == 0

        def link(fd):
            return os.readlink(f"/proc/self/fd/{fd}")

        listener, own = socket.create_server(("127.0.0.1", 0)), socket.socket()
        number = listener.fileno()
"""


def test_what_is_private_is_not_in_a_fork_and_all_else_is() -> None:
    fresh.python(
        SETUP
        + """
        take_back = keep_private(lambda: [listener.fileno(), -1])
        def look():
            assert link(number) == os.devnull
            assert not os.get_inheritable(number)
            own.getsockname()
            listener.close()
            again = os.open("/dev/zero", os.O_RDONLY)  # the number is free now, and stays its new owner's
            assert again == number
            take_back()
            in_a_fork(lambda: os.read(again, 1))
        in_a_fork(look)
        listener.getsockname()
        take_back()
        in_a_fork(listener.getsockname)
        listener.close()
        own.close()
        """
    )


def test_a_fork_of_ours_keeps_everything_and_owns_it() -> None:
    fresh.python(
        SETUP
        + """
        keep_private(lambda: [number])
        with our_fork():
            pid = os.fork()
        if pid:
            assert os.waitpid(pid, 0)[1] == 0
            def look():
                assert link(number) == os.devnull
        else:
            look = listener.getsockname
        in_a_fork(look)
        if not pid:
            os._exit(0)
        listener.close()
        own.close()
        """
    )


def test_the_files_of_a_private_folder_are_not_in_a_fork_whoever_opened_them(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    (real / "below").mkdir(parents=True)
    link.symlink_to(real)
    fresh.python(
        SETUP
        + f"""
        import sqlite3
        from pathlib import Path
        from supervision.private_descriptors import keep_files_private
        keep_files_private(Path({str(link)!r}))
        keep_files_private(Path({str(link)!r}))
        database = sqlite3.connect({str(real / "calls")!r}, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (x)")
        folder = os.open({str(real)!r}, os.O_RDONLY)
        deep = open({str(real / "below" / "file")!r}, "w")
        beside = open({str(tmp_path / "really")!r}, "w")

        def opened():
            return [link(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{{fd}}")]
        def below():
            return [path for path in opened() if path == {str(real)!r} or path.startswith({str(real)!r} + "/")]
        assert len(below()) == 5, below()
        def look():
            assert below() == []
            assert {str(tmp_path / "really")!r} in opened()
        in_a_fork(look)
        assert len(below()) == 5
        database.execute("INSERT INTO t VALUES (1)")
        with our_fork():
            pid = os.fork()
        if not pid:
            os._exit(0 if len(below()) == 5 else 1)
        assert os.waitpid(pid, 0)[1] == 0
        database.close()
        os.close(folder)
        deep.close()
        beside.close()
        listener.close()
        own.close()
        """
    )


def test_where_no_descriptor_is_left_they_are_closed() -> None:
    fresh.python(
        SETUP
        + """
        import resource
        keep_private(lambda: [number, number])
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 4096))
        def look():
            resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
            again = os.open("/dev/zero", os.O_RDONLY)
            assert again == number, "it is free"
        in_a_fork(look)
        listener.close()
        own.close()
        """
    )
