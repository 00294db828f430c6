"""A started system of processes, driven from a test through its gateway."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import supervision
from support import leftovers

KEY = bytes(range(32))
DEADLINE_S = 100.0


class System:
    """``tell`` the gateway, ``wait`` for what it says, ``ask`` any actor to run a piece of Python."""

    def __init__(self, *, pass_fds: Sequence[int] = (), **options: Any) -> None:
        self._mine, theirs = socket.socketpair()
        self._mine.settimeout(DEADLINE_S)
        self._buffer = b""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `join`; a pipe that nobody reads would stop who crashes loudly
        self._number = 0
        self._heard: deque[dict[str, Any]] = deque()
        path = [str(Path(supervision.__file__).parents[1]), str(Path(__file__).parents[1])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path), "PYTHONWARNINGS": "error"}
        options = {"key": KEY.hex()} | options
        command = [sys.executable, "-m", "support.seam_launcher", str(theirs.fileno()), json.dumps(options)]
        self.process = subprocess.Popen(
            command, pass_fds=[theirs.fileno(), *pass_fds], env=environment, stderr=self._stderr, stdin=subprocess.DEVNULL
        )
        theirs.close()
        self.gateway = self.wait("up")["ref"]

    def tell(self, do: str, **fields: Any) -> None:
        self._mine.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")

    def hear(self) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            try:
                data = self._mine.recv(1 << 16)
            except TimeoutError:
                raise AssertionError(f"nothing more was heard; on standard error: {self.stderr()}") from None
            assert data, f"the launcher has ended; on standard error: {self.stderr()}"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        heard: dict[str, Any] = json.loads(line)
        if heard["what"] == "message":
            heard |= json.loads(heard["message"]["text"])
        return heard

    def wait(self, what: str, **fields: Any) -> dict[str, Any]:
        """The next thing of that kind, and with these fields, that the gateway said; others are kept for later."""
        wanted = {"what": what, **fields}

        def fits(heard: dict[str, Any]) -> bool:
            return all(heard.get(name) == value for name, value in wanted.items())

        for heard in self._heard:
            if fits(heard):
                self._heard.remove(heard)
                return heard
        while not fits(heard := self.hear()):
            assert not (what == "ChildStarted" and heard["what"] == "ChildStartFailed"), heard
            self._heard.append(heard)
        return heard

    def start(self, actor: str = "Node", uid: str = "r1", **more: Any) -> dict[str, Any]:
        """Spawn a root; its `ChildStarted`."""
        more.setdefault("args", {})
        self.tell("spawn", actor_id="root", uid=uid, actor=f"support.seam_actors:{actor}", title="root", **more)
        return self.wait("ChildStarted")

    def ask(self, to: dict[str, str], code: str, timeout_s: float = 60) -> Any:
        """What ``code`` gives in that actor's process; None when no answer comes."""
        self._number += 1
        self.tell("ask", to=to, text=code, timeout_s=timeout_s, number=self._number)
        message = self.wait("answer", number=self._number)["message"]
        return None if message is None else json.loads(message["text"])

    def send(self, to: dict[str, str], code: str) -> None:
        """Have an actor run ``code``, without waiting."""
        self._number += 1
        self.tell("ask", to=to, text=code, timeout_s=60, number=self._number)

    def child(self, parent: dict[str, str], uid: str, code: str = "", **more: Any) -> dict[str, Any]:
        """Have ``parent`` spawn a node; its start as the observer heard it."""
        arguments = "".join(f", {name}={value!r}" for name, value in more.items())
        self.send(parent, f"self.spawn({'n-' + uid!r}, {uid!r}, {code!r}{arguments})\nreply(0)")
        return self.wait("message", event="ChildStarted", uid=uid)

    def pids(self) -> dict[int, str]:
        """The live processes of the system: id and title."""
        return {pid: _title(pid) for pid in descendants(self.process.pid)} | {self.process.pid: _title(self.process.pid)}

    def end(self, how: str = "normal") -> str:
        """End the gateway; what the launcher said on standard error."""
        self.tell("exit", reason=how)
        return self.join()

    def join(self) -> str:
        self.process.wait(timeout=DEADLINE_S)
        said = self.stderr()
        self._mine.close()
        self._stderr.close()
        return said

    def stderr(self) -> str:
        """What the processes of the system have said on standard error."""
        return os.pread(self._stderr.fileno(), 1 << 20, 0).decode(errors="replace")


@contextmanager
def system(**options: Any) -> Iterator[System]:
    """A system that is ended with the test, however the test ends."""
    running = System(**options)
    left = running.pids
    try:
        yield running
        if running.process.returncode is None:
            running.end()
    finally:
        if running.process.returncode is None:
            for pid in left():
                os.kill(pid, signal.SIGKILL)
            sys.stderr.write(running.join())


def descendants(root: int) -> set[int]:
    """The live processes below ``root``."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents.setdefault(int(parent), []).append(int(folder.name))
    found: set[int] = set()
    waiting = [root]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().strip(b"\0").decode()
    except OSError:
        return ""


def gone(pid: int) -> bool:
    """Whether that process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_gone(pids: Iterable[int], timeout_s: float = leftovers.SETTLE_S) -> bool:
    """Whether all these processes end within the time."""
    doomed = set(pids)
    return not leftovers.wait_for_end(lambda: {pid for pid in doomed if not gone(pid)}, timeout_s=timeout_s)
