import os
import select
import sys

import pytest

from livekitex_agent.client.launcher_process import LauncherProcess
from livekitex_agent.gateway.frames import Configure
from protocols import ConfigurationError
from supervision import SupervisorFlags, supervisor_args

pytestmark = pytest.mark.processes

ROOT = {"actor": "supervision:Supervisor", "args": supervisor_args(SupervisorFlags(), ())}


def configure() -> Configure:
    return Configure(root=ROOT, key=b"k" * 32, starter_pid=os.getpid(), log_level="error")


def test_cutting_the_lifeline_ends_it() -> None:
    launcher = LauncherProcess.spawn(configure())
    assert launcher.fate() is None
    assert os.getsid(launcher.pid) == launcher.pid, "a terminal's Ctrl-C does not reach it"
    launcher.close(10.0)
    launcher.close(10.0)
    assert launcher.fate() == "exited with code 0"
    assert launcher.exited == -1


def test_a_launcher_that_does_not_end_is_killed() -> None:
    launcher = LauncherProcess.spawn(configure())
    launcher.close(0.0)
    assert launcher.fate() == "killed by SIGKILL"


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
