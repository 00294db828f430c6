"""Facts in memory that outlives a process, which may be killed in the middle of any write.

Each fact is written in turn to one of two slots with a checksum, and read from the newer one that is whole. So a write that is torn leaves
the fact before it. What belongs to a fact and stands elsewhere (audio, a table) is written before its slot; a checksum over it seeds the
slot's.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SLOTS_BYTES: Final = 128
"""What a fact takes: two slots."""
_SLOT: Final = struct.Struct("<QQQI")
_SLOT_BYTES: Final = SLOTS_BYTES // 2


@dataclass(frozen=True, slots=True)
class Fact:
    """The content of a pair of slots: two numbers, and how often it was written."""

    generation: int
    first: int
    second: int


def write_fact(view: memoryview, at: int, fact: Fact, seed: int = 1) -> None:
    """Write ``fact`` to its slot of the pair at ``at``."""
    place = at + fact.generation % 2 * _SLOT_BYTES
    _SLOT.pack_into(view, place, fact.generation, fact.first, fact.second, _checksum(fact, seed))


def read_fact(view: memoryview, at: int, seed: Callable[[int], int] = lambda _generation: 1) -> Fact:
    """The newer fact of the pair at ``at`` that is whole; zeros if none is. ``seed`` tells the seed of a generation."""
    facts = []
    for place in (at, at + _SLOT_BYTES):
        *fields, checksum = _SLOT.unpack_from(view, place)
        fact = Fact(*fields)
        if checksum == _checksum(fact, seed(fact.generation)):
            facts.append(fact)
    return max(facts, key=lambda fact: fact.generation, default=Fact(0, 0, 0))


def _checksum(fact: Fact, seed: int) -> int:
    return zlib.crc32(struct.pack("<QQQ", fact.generation, fact.first, fact.second), seed)
