"""Descriptors that a fork which user code makes must not keep: our sockets, pipes and files belong to one process.

A worker that a tool forks (``os.fork``, ``multiprocessing``) has copies of them all. Kept, they would accept connections for a session that
is dead, and hold its pipes and files open. What is executed has none of them: they are close-on-exec.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

Descriptors = Callable[[], Iterable[int]]

_private: list[Descriptors] = []
_folders: set[Path] = set()
_forking: list[int] = []
"""Not empty while this process makes a fork of ours, which closes what is not its own by itself."""

_OPEN: Final = Path("/proc/self/fd")


def keep_private(descriptors: Descriptors) -> Callable[[], None]:
    """Have a fork that is not made by `our_fork` lose what ``descriptors`` gives then; returns what takes that back.

    ``descriptors`` is called in the fork, must not raise, and is not asked again there: what belongs to this process does not to its forks.
    """
    _private.append(descriptors)

    def take_back() -> None:
        with suppress(ValueError):  # in a fork nothing is private any more
            _private.remove(descriptors)

    return take_back


def keep_files_private(folder: Path) -> None:
    """Have such a fork lose whatever it has open of ``folder``, whoever opened it (a database, say). Again does no harm."""
    _folders.add(folder.resolve())


@contextmanager
def our_fork() -> Iterator[None]:
    """Fork inside it, on one thread at a time: the child keeps every descriptor, and none is private there."""
    _forking.append(os.getpid())
    try:
        yield
    finally:
        _forking.clear()


def _lose_all() -> None:
    private, _private[:] = tuple(_private), ()
    folders = frozenset(_folders)
    _folders.clear()
    if not _forking:
        for descriptors in private:
            _lose(descriptors())
        if folders:
            _lose(_open_below(folders))


def _open_below(folders: frozenset[Path]) -> list[int]:
    """The descriptors of these folders and of what is in them."""
    found = []
    for entry in os.listdir(_OPEN):
        with suppress(OSError):  # it is the one that lists them
            path = (_OPEN / entry).readlink()
            if path in folders or not folders.isdisjoint(path.parents):
                found.append(int(entry))
    return found


def _lose(descriptors: Iterable[int]) -> None:
    """Put the null device in their places: a socket object that is collected in the fork closes its number, whatever has it by then."""
    try:
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # no descriptor is left
        null = -1
    for descriptor in descriptors:
        with suppress(OSError):  # it is closed
            if null >= 0:
                os.dup2(null, descriptor, inheritable=False)
            else:
                os.close(descriptor)
    if null >= 0:
        os.close(null)


os.register_at_fork(after_in_child=_lose_all)
