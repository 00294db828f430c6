"""A command in a terminal of its own, whose keys a test presses when it sees what it waits for."""

import os
import pty
import re
import select
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEADLINE_S = 120.0
"""For each thing that is waited for: what hangs reaches it, a slow machine does not."""


class Pressed:
    """The command's terminal."""

    def __init__(self, pid: int, terminal: int) -> None:
        self.pid, self.shown = pid, ""
        self._terminal = terminal
        self._seen = 0

    def press(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def wait_for(self, words: str) -> str:
        """Read on until a line matches ``words``, after what was found last."""
        while not (found := re.search(words, self.shown[self._seen :])):
            if not self._read():
                raise AssertionError(f"ended, or nothing came, before {words!r}:\n{self.shown}")
        self._seen += found.end()
        return found[0]

    def wait_ended(self) -> int:
        """Read to the end; the exit code, negative for a signal."""
        while self._read():
            pass
        pid, self.pid = self.pid, 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    @property
    def is_for_lines(self) -> bool:
        """Whether the terminal gives whole lines, as a shell wants it."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ICANON)

    def _read(self) -> bool:
        if not select.select([self._terminal], [], [], DEADLINE_S)[0]:
            return False
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:  # its last process has ended
            return False
        self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", data.decode(errors="replace")).replace("\r", "")
        return bool(data)


@contextmanager
def in_terminal(*arguments: str, cwd: Path, environment: dict[str, str]) -> Iterator[Pressed]:
    """``python ARGUMENTS...`` in a terminal."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(cwd)
        os.execve(sys.executable, [sys.executable, *arguments], environment)
    pressed = Pressed(pid, terminal)
    try:
        yield pressed
    finally:
        os.close(terminal)  # who is still there is hung up
        if pressed.pid:
            os.waitpid(pressed.pid, 0)
