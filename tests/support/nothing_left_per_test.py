"""A pytest plugin: a test that leaves a process, a listening port or a temporary file behind fails.

The same holds for each test file and for the whole run, so fixtures of a wider scope must tidy up as well.  What they keep running
belongs to them: a process that they replace during a test (a restarted child) is not the test's.
"""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from support import leftovers, procfs

TRACKER = "multiprocessing.resource_tracker"  # Python's own helper; it ends with the process that it serves


_MARKED = leftovers.MARK in os.environ  # by tests/nothing_left.py, which gives the folders as well
os.environ.setdefault(leftovers.MARK, secrets.token_hex(8))


@pytest.fixture(scope="session", autouse=True)
def _session_leaves_nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the run, and all that it starts, folders of its own for temporary files and for state, unless it has them."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in () if _MARKED else ("TMPDIR", "XDG_STATE_HOME"):
            patch.setenv(variable, str(tmp_path_factory.mktemp(variable)))
        patch.setattr(tempfile, "tempdir", None)
        with leaves_nothing("the run"):
            yield


@pytest.fixture(scope="module", autouse=True)
def _module_leaves_nothing(_session_leaves_nothing: None) -> Iterator[None]:
    with leaves_nothing("the test file"):
        yield


@pytest.fixture(autouse=True)
def _test_leaves_nothing(_module_leaves_nothing: None) -> Iterator[None]:
    with leaves_nothing("the test"):
        yield


@contextmanager
def leaves_nothing(who: str) -> Iterator[None]:
    """Fail when the body leaves something behind that was not there before; left processes and files are removed first."""
    pids, ports, files = procfs.pids(), _own_ports(), _files()
    yield
    left = leftovers.wait_for_end(lambda: _left(pids))
    found = leftovers.describe(left)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    new_ports = tuple(f"port {port} of the tests themselves" for port in sorted(_own_ports() - ports))
    new_files = tuple(sorted(_files() - files))
    for name in new_files:
        shutil.rmtree(name) if Path(name).is_dir() else Path(name).unlink()
    found = leftovers.Leftovers(processes=found.processes, ports=found.ports + new_ports, files=new_files)
    if found:
        pytest.fail(f"{who} left something behind\n{found}", pytrace=False)


def _left(before: set[int]) -> set[int]:
    me = os.getpid()
    mark = os.environ[leftovers.MARK]
    new = procfs.pids() - before
    ours = leftovers.belonging({me}, mark, new) if new else new
    if not ours:
        return ours
    older = leftovers.belonging({me}, mark, before) - _ancestors(me)
    return {pid for pid in ours if not leftovers.descends(pid, older) and TRACKER not in procfs.command_line(pid)}


def _ancestors(pid: int) -> set[int]:
    found = set()
    while parent := procfs.parent(pid):
        pid = parent
        found.add(pid)
    return found


def _own_ports() -> set[int]:
    sockets = [link for link in procfs.open_links(os.getpid()) if procfs.socket_inode(link) is not None]
    return procfs.listening_ports(os.getpid(), procfs.listeners()) if sockets else set()


def _files() -> set[str]:
    folders = {tempfile.gettempdir(), os.environ.get("XDG_STATE_HOME", tempfile.gettempdir())}
    names = [Path(folder, name) for folder in folders for name in os.listdir(folder)]
    return {str(path) for path in names if not path.name.startswith(leftovers.PYTEST_FOLDERS)}
