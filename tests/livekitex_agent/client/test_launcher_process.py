import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent.client import launcher_process
from livekitex_agent.client.launcher_process import LauncherProcess
from livekitex_agent.gateway.frames import Configure
from protocols import ConfigurationError
from supervision import SupervisorFlags, supervisor_args
from support import fresh, procfs

pytestmark = pytest.mark.processes

ROOT = {"actor": "supervision:Supervisor", "args": supervisor_args(SupervisorFlags(), ())}


def configure() -> Configure:
    return Configure(root=ROOT, key=b"k" * 32, starter_pid=os.getpid(), log_level="error", drain_s=0.0)


def test_cutting_the_lifeline_ends_it() -> None:
    launcher = LauncherProcess.spawn(configure())
    assert launcher.fate() is None
    assert os.getsid(launcher.pid) == launcher.pid, "a terminal's Ctrl-C does not reach it"
    launcher.close(100.0)
    launcher.close(100.0)
    assert launcher.fate() == "exited with code 0"
    assert launcher.exited == -1


def test_a_debugger_of_the_script_does_not_follow_into_the_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """As debugpy, VS Code and PyCharm do: what is executed runs the debugger's threads, unless it is told to leave it alone."""
    follows, followed = [True], []

    @contextmanager
    def leave_alone() -> Iterator[None]:
        follows[0] = False
        yield
        follows[0] = True

    def execute(arguments: list[str], **rest: Any) -> Any:
        followed.append(follows[0])
        return popen(arguments, **rest)

    popen = subprocess.Popen
    monkeypatch.setitem(sys.modules, "_pydev_bundle.pydev_monkey", SimpleNamespace(skip_subprocess_arg_patch=leave_alone))
    monkeypatch.setattr(subprocess, "Popen", execute)
    LauncherProcess.spawn(configure()).close(100.0)
    assert (followed, follows) == ([False], [True])


def test_a_launcher_that_does_not_end_is_killed() -> None:
    launcher = LauncherProcess.spawn(configure())
    launcher.close(0.0)
    assert launcher.fate() == "killed by SIGKILL"


def test_what_a_killed_launcher_cannot_end_is_found_by_its_mark() -> None:
    launcher = LauncherProcess.spawn(configure())
    mark = procfs.environ(launcher.pid)[launcher_process.RUN]
    program = subprocess.Popen(["setsid", "sleep", "600"], env=os.environ | {launcher_process.RUN: mark})
    other = subprocess.Popen(["sleep", "600"])
    launcher.sweep()
    assert program.poll() is None, "it lives: it sweeps itself"
    launcher.kill()
    launcher.close(100.0)
    assert program.wait(100.0) == -signal.SIGKILL
    assert other.poll() is None
    other.kill()
    other.wait()


def test_processes_that_never_end_are_not_swept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps: list[bytes] = []
    monkeypatch.setattr(launcher_process, "kill_marked", lambda mark: not sweeps.append(mark))
    launcher = LauncherProcess.spawn(configure())
    launcher.close(0.0)
    assert len(sweeps) == launcher_process.SWEEPS


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_in_a_fork_it_can_neither_be_killed_nor_ended() -> None:
    launcher = LauncherProcess.spawn(configure())
    pid = os.fork()
    if not pid:
        launcher.kill()
        launcher.close(0.0)
        os._exit(0 if launcher.foreign and launcher.exited == -1 else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert launcher.fate() is None
    launcher.close(100.0)
    assert launcher.fate() == "exited with code 0"


def test_its_end_can_be_waited_for() -> None:
    launcher = LauncherProcess.spawn(configure())
    launcher.kill()
    poll = select.poll()
    poll.register(launcher.exited, select.POLLIN)
    assert poll.poll(10_000)
    assert launcher.fate() == "killed by SIGKILL"
    launcher.close(1.0)


@pytest.mark.parametrize(("executable", "cure"), [("", "set sys.executable"), ("/no/python", "cannot be executed: No such file")])
def test_a_python_that_cannot_be_executed_again_is_told(monkeypatch: pytest.MonkeyPatch, executable: str, cure: str) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(ConfigurationError, match=cure):
        LauncherProcess.spawn(configure())


def refuse(number: int) -> None:
    raise OSError(number, os.strerror(number))


def test_a_limit_in_the_way_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", lambda *_, **__: refuse(errno.EAGAIN))
        with pytest.raises(ConfigurationError, match=r"a launcher cannot be started: .* raise the limit of processes, ulimit -u"):
            LauncherProcess.spawn(configure())
    monkeypatch.setattr(socket, "socketpair", lambda: refuse(errno.EMFILE))
    with pytest.raises(ConfigurationError, match=r"Too many open files: raise the limit of open files, ulimit -n 4096"):
        LauncherProcess.spawn(configure())


STREAMS = """
import json, os, sys
from pathlib import Path
from livekitex_agent.client import launcher_process
from livekitex_agent.client.launcher_process import LauncherProcess
from livekitex_agent.gateway.frames import Configure
from supervision import SupervisorFlags, supervisor_args

root = {"actor": "supervision:Supervisor", "args": supervisor_args(SupervisorFlags(), ())}
launcher = LauncherProcess.spawn(Configure(root=root, key=b"k" * 32, starter_pid=os.getpid(), log_level="error", drain_s=0.0))
links = {str(number): os.readlink(f"/proc/{launcher.pid}/fd/{number}") for number in range(3)}
Path(sys.argv[1]).write_text(json.dumps([launcher.connection.fileno(), links]))
launcher.close(100.0)
"""


def test_where_standard_streams_are_closed_the_launcher_has_none_that_could_be_another_file(tmp_path: Path) -> None:
    result = tmp_path / "result"
    command = f'exec "{sys.executable}" -c "$CODE" "{result}" <&- >&- 2>&-'
    subprocess.run(["sh", "-c", command], env=fresh.environment() | {"CODE": STREAMS}, check=True)
    number, links = json.loads(result.read_text("utf-8"))
    assert number > 2
    assert links == {"0": "/dev/null", "1": "/dev/null", "2": "/dev/null"}


def test_it_is_run_as_its_starter_was(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = {name: int(getattr(sys.flags, name)) for name in ("isolated", "ignore_environment", "no_user_site", "no_site")}
    monkeypatch.setattr(sys, "flags", SimpleNamespace(**flags | {"dont_write_bytecode": 1, "optimize": 2}))
    monkeypatch.setattr(sys, "_xoptions", {"utf8": "1", "dev": True})
    monkeypatch.setattr(sys, "warnoptions", ["error"])
    launcher = LauncherProcess.spawn(configure())
    command = launcher._process.args
    assert isinstance(command, list)
    assert command[1:-2] == ["-P", "-B", "-OO", "-Xutf8=1", "-Xdev", "-Werror"]
    launcher.close(100.0)
