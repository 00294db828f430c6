"""The folders of journals, and what lies in them: reached by descriptors, so that no link is ever followed.

Above the calls' folders stands one of our own (mode 0700). A mode that the platform loosened is repaired, another owner is refused.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from protocols import JournalError

_SEGMENT: Final = re.compile(r"([1-9]\d{0,17})\.(0|[1-9]\d{0,8})\.(log|damaged|previous)")
_CALL: Final = re.compile(r"[\w-][\w.-]*")
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Segment(NamedTuple):
    """The name of a segment, in the order of their making."""

    incarnation: int
    number: int

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.incarnation}.{self.number}.log"

    @property
    def aside(self) -> str:
        """The file's name once it was found damaged."""
        return f"{self.incarnation}.{self.number}.damaged"

    @property
    def previous(self) -> str:
        """The file's name once the checkpoint of a newer segment holds all that is needed of it."""
        return f"{self.incarnation}.{self.number}.previous"


@contextmanager
def opened_root(path: Path, *, make: bool) -> Iterator[int]:
    """The folder above the calls'.

    Raises:
        FileNotFoundError: it is not there, and not to be made.
        OSError: it cannot be had.
        JournalError: it is a link, no folder, or another user's.
    """
    if make:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
    try:
        descriptor = os.open(path, _FOLDER)
    except NotADirectoryError as failure:  # a link to a folder, too (open(2): O_DIRECTORY is checked first)
        raise JournalError(f"{path} is a link or no folder: give the journals a folder of their own", retryable=True) from failure
    try:
        _require_ours(path, descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def open_call(root: int, call_id: str, *, make: bool) -> int:
    """The descriptor of a call's folder.

    Raises:
        FileNotFoundError: it is not there, and not to be made; or this is no name of a call.
        OSError: it cannot be had; a link is none.
    """
    if not _CALL.fullmatch(call_id):
        raise FileNotFoundError(errno.ENOENT, "no name of a call", call_id)
    if make:
        with suppress(FileExistsError):
            os.mkdir(call_id, mode=0o700, dir_fd=root)
    return os.open(call_id, _FOLDER, dir_fd=root)


def call_ids(root: int) -> list[str]:
    """The names of the calls' folders."""
    return [name for name in os.listdir(root) if _CALL.fullmatch(name)]


def segments(folder: int) -> list[Segment]:
    """The segments of a call, oldest first."""
    return _named(folder, "log")


def set_aside(folder: int, segment: Segment, keep: int) -> None:
    """Keep a damaged segment under another name, and of all such ones the ``keep`` newest (at least 1).

    Its name is free then, as if it had been removed: claims never use a number below one that is there.
    """
    with suppress(OSError):
        os.rename(segment.name, segment.aside, src_dir_fd=folder, dst_dir_fd=folder)
    for older in _named(folder, "damaged")[:-keep]:
        with suppress(OSError):
            os.unlink(older.aside, dir_fd=folder)


def keep_previous(folder: int, segment: Segment) -> None:
    """Keep a segment under another name, in the place of the one that was kept so far, in case that the checkpoint after it is damaged.

    Raises:
        OSError: it cannot be done.
    """
    os.rename(segment.name, segment.previous, src_dir_fd=folder, dst_dir_fd=folder)
    for older in _named(folder, "previous"):
        if older != segment:
            os.unlink(older.previous, dir_fd=folder)


def previous(folder: int) -> Segment | None:
    """What `keep_previous` has kept."""
    kept = _named(folder, "previous")
    return kept[-1] if kept else None


def kept_names(folder: int) -> list[str]:
    """The files that are no segments any more."""
    return [*(segment.aside for segment in _named(folder, "damaged")), *(segment.previous for segment in _named(folder, "previous"))]


def _named(folder: int, kind: str) -> list[Segment]:
    found = (_SEGMENT.fullmatch(name) for name in os.listdir(folder))
    return sorted(Segment(int(match[1]), int(match[2])) for match in found if match is not None and match[3] == kind)


def read_file(folder: int, name: str) -> bytes:
    """The whole of a regular file.

    Raises:
        OSError: it cannot be read; a link, a pipe or a device is no file.
    """
    descriptor = open_file(folder, name)
    try:
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
            return file.readall()
    finally:
        os.close(descriptor)


def open_file(folder: int, name: str) -> int:
    """A descriptor that reads a regular file.

    Raises:
        OSError: as `read_file`.
    """
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{name} is no regular file")
    return descriptor


def _require_ours(path: Path, descriptor: int) -> None:
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid():
        text = f"{path} belongs to the user {found.st_uid}, not to {os.geteuid()}: give the journals a folder of this user's own"
        raise JournalError(text, retryable=True)
    if found.st_mode & 0o077:
        with suppress(OSError):  # of a read-only disk
            os.fchmod(descriptor, 0o700)
