import mmap
from pathlib import Path

import pytest

from supervision.huge_pages import use_huge_pages, whole_pages
from support import fresh

HUGE = Path("/sys/kernel/mm/transparent_hugepage")
MAPS = """\
55d0c0a00000-55d0c0e00000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f00001fffff rw-p 00000000 00:00 0
7f0000200001-7f0000800fff rw-p 00000000 00:00 0
7f0001000000-7f0001400000 r--p 00000000 00:00 0
7f0002000000-7f0002400000 rw-s 00000000 00:01 2048                       /memfd:livekitex (deleted)
7f0003000000-7f0003400000 rw-p 00000000 08:01 77                         /usr/lib/a file.so
7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0                          [stack]
"""


def test_huge_pages_have_room_where_memory_was_allocated_and_nowhere_else() -> None:
    assert list(whole_pages(MAPS.splitlines())) == [(0x55D0C0A00000, 0x55D0C0E00000), (0x7F0000400000, 0x7F0000800000)]


@pytest.mark.processes
@pytest.mark.skipif(not HUGE.exists(), reason="this kernel has no huge pages: use one that has (Linux 6.1)")
def test_what_was_allocated_is_in_huge_pages_afterwards_and_holds_what_it_held() -> None:
    fresh.python(
        """
        import ctypes, mmap
        from pathlib import Path
        from supervision.huge_pages import use_huge_pages
        data = mmap.mmap(-1, 16 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        data.write(b"x" * (16 << 20))
        def huge_kb():
            return int(Path("/proc/self/smaps_rollup").read_text().split("AnonHugePages:")[1].split()[0])
        before, moved = huge_kb(), use_huge_pages()
        assert (huge_kb() - before) * 1024 >= moved - (4 << 20)
        assert moved >= 12 << 20 or moved == 0, moved  # 0: a kernel before 6.1
        assert data[:] == b"x" * (16 << 20)
        """
    )


def test_where_the_kernel_refuses_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supervision.huge_pages._MADV_COLLAPSE", -1)
    with mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as data:
        data.write(b"x" * (8 << 20))
        assert use_huge_pages() == 0
        assert data[:] == b"x" * (8 << 20)
