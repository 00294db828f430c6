"""The folders that the comparing commands work in: gone when a command ends, and with the next one if it was killed."""

import contextlib
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

_NAME = re.compile(r"compat-(\d+)-\w+")


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A new folder, removed behind the block; before it those are removed whose commands are gone."""
    for left in Path(tempfile.gettempdir()).glob("compat-*"):
        named = _NAME.fullmatch(left.name)
        if named is not None and not _lives(int(named[1])):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"compat-{os.getpid()}-") as made:
        yield Path(made)


def end_by_exception() -> None:
    """Let a request to terminate end this process as an exception does: blocks are left."""
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    raise SystemExit(128 + number)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True
