"""The memory of an inference goes back to the system, so that a call costs what it needs and not the most that it ever needed.

How it works. A sentence takes and frees tens of megabytes in blocks of up to a few. glibc's allocator keeps what is freed for the next,
and has such a heap for each thread that works at the same time. `return_free_memory` gives the free pages of all heaps back, but the free
end of a thread's heap, which only goes when something is freed and that end is longer than a threshold. glibc raises this threshold with
the largest block that was freed, up to 64 MB, which is as good as never; `keep_little_free` fixes it. Then large blocks would be mapped
one by one, and faulting in new pages for each makes a sentence a third slower: so it has them taken from the heap.

Sources: mallopt(3), malloc_trim(3); glibc, malloc/malloc.c, ``heap_trim`` and "dynamic mmap threshold".
"""

import ctypes
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_FREE_END: Final = 1 << 20
_LARGEST_IN_HEAP: Final = 32 << 20  # the most that mallopt(3) takes

_libc = ctypes.CDLL(None)


def keep_little_free() -> None:
    """Keep at most 1 MB free at the end of each heap, in this process and those forked from it; before libraries load."""
    _libc.mallopt(_M_TRIM_THRESHOLD, _FREE_END)
    _libc.mallopt(_M_MMAP_THRESHOLD, _LARGEST_IN_HEAP)


def return_free_memory() -> None:
    """Give free pages back to the system, when there is time: taking them again costs the next inference some milliseconds.

    Blocks for about 1 ms, without the GIL; other threads that allocate may wait meanwhile.
    """
    _libc.malloc_trim(0)
