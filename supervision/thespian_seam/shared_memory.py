"""Memory that outlives the child that uses it: kept by the process that spawns, mapped by each incarnation of the child."""

import mmap
import os

from protocols import InvalidSpecError


class SharedMemory:
    """Anonymous files by key. They are in no file system, and end with the process that keeps them and the child that maps them."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, int]] = {}

    def fd(self, key: str, size: int) -> int:
        """The descriptor of the memory under ``key``: zeroed when it is new, as the last incarnation left it otherwise.

        Raises:
            InvalidSpecError: it is kept with another size, or ``size`` is not positive.
            OSError: there is no memory or descriptor left.
        """
        fd, kept_size = self._kept.get(key, (-1, size))
        if size <= 0 or kept_size != size:
            raise InvalidSpecError(f"memory {key!r} has {kept_size} bytes, {size} were asked for: release it first")
        if fd < 0:
            fd = os.memfd_create("livekitex", os.MFD_CLOEXEC)
            self._kept[key] = (fd, size)
            os.ftruncate(fd, size)
        return fd

    def release(self, key: str) -> None:
        """Give up the memory under ``key``; a child that has it mapped keeps its mapping."""
        if key in self._kept:
            os.close(self._kept.pop(key)[0])


def map_memory(fd: int) -> memoryview:
    """Map the whole of ``fd`` for reading and writing; processes forked from this one do not get it."""
    mapped = mmap.mmap(fd, 0)
    mapped.madvise(mmap.MADV_DONTFORK)
    return memoryview(mapped)
