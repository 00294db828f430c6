import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CLEAN = "left: 0 processes 0 ports 0 files"
# Leaves a process that hides its environment and session, its port, a temporary file and a state file; then ends or waits.
DIRTY = """
import os, signal, socket, sys, tempfile
server = socket.create_server(("127.0.0.1", 0))
ready, told = os.pipe()
if os.fork() == 0:
    import setproctitle
    setproctitle.setproctitle("livekitex: ghost")
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.write(told, b"x")
    signal.pause()
os.read(ready, 1)
os.close(tempfile.mkstemp()[0])
open(os.path.join(os.environ["XDG_STATE_HOME"], "journal"), "w").close()
if "wait" in sys.argv:
    signal.pause()
"""


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "tests" / "nothing_left.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_clean_command(checkout: Path) -> None:
    done = run(checkout, "--", sys.executable, "-c", "print('hello')")
    assert done.stdout.splitlines() == ["hello", CLEAN]
    assert done.returncode == 0


def test_the_status_of_the_command_goes_first(checkout: Path) -> None:
    assert run(checkout, "--", sys.executable, "-c", "raise SystemExit(7)").returncode == 7


@pytest.mark.parametrize("how", [[], ["--kill-after", "0.5"], ["--interrupt-after", "0.5"]], ids=["return", "kill", "interrupt"])
def test_everything_left_is_counted(checkout: Path, how: list[str]) -> None:
    done = run(checkout, *how, "--settle", "0.2", "--", sys.executable, "-c", DIRTY, *["wait"] * bool(how))
    *what, count = done.stdout.splitlines()
    assert count == "left: 1 processes 1 ports 2 files"
    assert "livekitex: ghost" in what[0]
    assert done.returncode == 1


def test_a_clean_command_that_is_killed(checkout: Path) -> None:
    done = run(checkout, "--kill-after", "0.1", "--", sys.executable, "-c", "import signal; signal.pause()")
    assert (done.stdout.strip(), done.returncode) == (CLEAN, 0)


def test_a_command_that_ends_before_it_is_killed_proves_nothing(checkout: Path) -> None:
    assert run(checkout, "--kill-after", "60", "--", sys.executable, "-c", "pass").returncode == 2


def test_whoever_kills_the_parent_ends_the_command(checkout: Path) -> None:
    tool = checkout / "tests" / "nothing_left.py"
    waits = "import signal; print('up', flush=True); signal.pause()"
    starter = f"import subprocess, sys; subprocess.run([sys.executable, {str(tool)!r}, '--', sys.executable, '-c', {waits!r}])"
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "up\n"
        parent.kill()
        assert parent.stdout.read() == CLEAN + "\n"  # to the end: nobody holds the pipe any more


def test_an_interrupt_reaches_the_command_once(checkout: Path) -> None:
    tool = checkout / "tests" / "nothing_left.py"
    counts = """
import os, signal
reader, writer = os.pipe()
os.set_blocking(writer, False)
signal.set_wakeup_fd(writer)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: None)
print("up", flush=True)
caught = []
while signal.SIGTERM not in caught:
    caught += os.read(reader, 64)
raise SystemExit(caught.count(signal.SIGINT))
"""
    command = [sys.executable, str(tool), "--", sys.executable, "-c", counts]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0) as running:
        assert running.stdout
        assert running.stdout.readline() == "up\n"
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            os.killpg(running.pid, number)
        assert running.stdout.read() == CLEAN + "\n"
    assert running.returncode == 1
