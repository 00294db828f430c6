"""A user's script as a process of its own, and the whole system that it starts: what it consists of, how it ends, what it leaves.

Its processes are found by a mark that each inherits in its environment, its ports and sockets by their descriptors. It has folders of its
own for temporary files and for state.
"""

import os
import queue
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from support import leftovers, procfs
from support.leftovers import Leftovers

PATIENCE_S = 200.0
FOLDERS = {"TMPDIR": "tmp", "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run"}
TITLE = "livekitex: "
LOG_ENTRY = re.compile(r"\d{4}-\d\d-\d\dT\S+ \[\w+ *\] ")


class Program:
    """Runs ``command`` until it ends or is closed; a script (``*.py``) or an option of Python (``-c``) is for this interpreter."""

    def __init__(self, folder: Path, command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> None:
        self.mark = secrets.token_hex(8)
        self._folder = folder
        variables = (
            os.environ | {leftovers.MARK: self.mark, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | dict(environment or {})
        )
        for variable, name in FOLDERS.items():
            (folder / name).mkdir(mode=0o700)
            variables[variable] = str(folder / name)
        self._shared_memory = leftovers.shared_memory()
        self._sockets: set[int] = set()
        self._lines: queue.Queue[str] = queue.Queue()
        self._complaints = folder / "stderr"
        self.said: list[str] = []
        """The lines of its standard output that were read by `hear`."""
        with self._complaints.open("wb") as complaints:
            self.process = subprocess.Popen(
                [sys.executable, *command] if command[0].endswith(".py") or command[0].startswith("-") else command,
                env=variables,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The script's own process."""
        return self.process.pid

    def hear(self, wanted: Callable[[str], bool] = bool) -> str:
        """The next line of its standard output that is ``wanted``."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise AssertionError(f"it fell silent; on standard error: {self.complaints()}") from None
            if not line:
                raise AssertionError(f"it has ended; on standard error: {self.complaints()}")
            self.said.append(line.rstrip("\n"))
            if wanted(self.said[-1]):
                return self.said[-1]

    def rest(self) -> list[str]:
        """The lines of its standard output that were not heard, up to its end."""
        lines = []
        while line := self._lines.get(timeout=2 * PATIENCE_S):
            lines.append(line.rstrip("\n"))
        return lines

    def complains(self, of: str) -> None:
        """Wait until ``of`` stands on standard error."""
        while of not in self.complaints():
            assert self.pids(), f"it has ended; on standard error: {self.complaints()}"

    def complaints(self) -> str:
        """What it and its system said on standard error."""
        return self._complaints.read_text("utf-8", "replace")

    def exit_message(self) -> str:
        """The last line of standard error that is no entry of the system's log, empty for silence."""
        lines = [line for line in self.complaints().strip().splitlines() if not LOG_ENTRY.match(line)]
        return lines[-1] if lines else ""

    def pids(self) -> set[int]:
        """Every living process with the mark, the script included."""
        return leftovers.belonging(set(), self.mark, procfs.pids())

    def roles(self) -> dict[str, int]:
        """Its processes by their title in the tree's words; the script has none."""
        titles = {pid: procfs.command_line(pid) for pid in self.pids()}
        return {title.removeprefix(TITLE): pid for pid, title in titles.items() if title.startswith(TITLE)}

    def listening(self) -> dict[int, set[str]]:
        """Each process of it, and the addresses (``127.0.0.1:80``) on which it listens now. Remembered for `left`."""
        table = listening_sockets()
        found = {}
        for pid in self.pids():
            inodes = {procfs.socket_inode(link) for link in procfs.open_links(pid)} & table.keys()
            self._sockets |= {inode for inode in inodes if inode is not None}
            found[pid] = {table[inode] for inode in inodes if inode is not None}
        return found

    def interrupt(self) -> None:
        """Ctrl-C, as a terminal sends it: to everybody in the foreground."""
        os.killpg(self.pid, signal.SIGINT)

    def wait(self) -> int:
        """The script's exit code."""
        return self.process.wait(PATIENCE_S)

    def left(self, timeout_s: float = leftovers.SETTLE_S, *, besides: Collection[int] = ()) -> Leftovers:
        """What is left of it, processes, ports, temporary files and shared memory, once nothing is or ``timeout_s`` from now.

        Processes ``besides`` do not count. Only a call's journal may outlive its program: it is state, and counted by `journals`.
        """
        alive = leftovers.wait_for_end(lambda: self.pids().difference(besides), timeout_s=timeout_s)
        found = leftovers.describe(alive)
        table = listening_sockets()
        orphans = [f"port {table[inode]}" for inode in self._sockets & table.keys()] if not alive else []
        files = [name for variable in ("TMPDIR", "XDG_RUNTIME_DIR") for name in self._files(variable)]
        memory = leftovers.new_shared_memory(self._shared_memory)
        return replace(found, ports=(*found.ports, *orphans), files=(*files, *memory))

    def journals(self) -> list[str]:
        """The files of calls that it keeps."""
        return [name for name in self._files("XDG_STATE_HOME") if Path(name).is_file()]

    def close(self) -> None:
        """Kill what is left of it."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        leftovers.wait_for_end(self.pids)
        self._reader.join(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _files(self, variable: str) -> list[str]:
        folder = self._folder / FOLDERS[variable]
        return [name for name in leftovers.files_below(folder) if name != str(folder)]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")


def listening_sockets() -> dict[int, str]:
    """Socket inode to address, of every listening TCP socket of this network namespace; one of IPv6 stays in the kernel's hex."""
    found = {}
    for name in ("tcp", "tcp6"):
        path = procfs.PROC / "net" / name
        for line in path.read_text("ascii").splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[3] == procfs.LISTEN:
                host, _, port = fields[1].rpartition(":")
                if name == "tcp":
                    host = ".".join(str(byte) for byte in reversed(bytes.fromhex(host)))
                found[int(fields[9])] = f"{host}:{int(port, 16)}"
    return found
