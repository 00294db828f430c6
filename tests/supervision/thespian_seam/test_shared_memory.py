import os
from collections.abc import Iterator

import pytest

from protocols import InvalidSpecError
from supervision.thespian_seam.shared_memory import SharedMemory, map_memory


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    memory = SharedMemory()
    yield memory
    memory.release("ring")


def test_each_life_finds_what_the_last_one_wrote(memory: SharedMemory) -> None:
    first = map_memory(memory.fd("ring", 8192))
    assert bytes(first[:4]) == bytes(4)
    first[:4] = b"left"
    second = map_memory(memory.fd("ring", 8192))
    assert bytes(second[:4]) == b"left"
    assert len(second) == 8192


def test_a_mapping_outlives_the_release(memory: SharedMemory) -> None:
    fd = memory.fd("ring", 100)
    mapped = map_memory(fd)
    mapped[0] = 7
    memory.release("ring")
    memory.release("ring")
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(fd)
    assert mapped[0] == 7
    assert map_memory(memory.fd("ring", 100))[0] == 0, "released memory is forgotten"


@pytest.mark.parametrize("size", [0, -1, 99])
def test_another_size_is_refused(memory: SharedMemory, size: int) -> None:
    memory.fd("ring", 100)
    with pytest.raises(InvalidSpecError, match="release"):
        memory.fd("ring", size)


def test_no_size_at_all_is_refused(memory: SharedMemory) -> None:
    with pytest.raises(InvalidSpecError):
        memory.fd("other", 0)
