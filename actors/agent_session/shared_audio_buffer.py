"""What of a call lies outside the session's process: the caller's newest audio, and what numbers were given.

And whether the call is over, so that no incarnation which is started all the same, beside the end of another part of its job, begins it
anew.

The memory is kept by the supervisor and found again by each incarnation. A process may be killed in the middle of any write, so each fact
has two slots (`slots`); audio counts only once its slot does.

::

    0     magic and version, capacity, first sample
    64    audio slots 0 and 1:    generation, position, next_sequence, CRC (over what is carried, too)
    192   not used
    320   watermark slots 0 and 1:    generation, incarnation (highest bit: the call is over), next event, CRC
    448   settled slots 0 and 1:  generation, position, 0, CRC
    576   carried 0 and 1:        length, bytes
    1536  ring: PCM16 at the session's rate; sample n is at n modulo the capacity

One thread writes audio and the watermark, one the rest, any may read.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from actors.agent_session.slots import Fact, read_fact, write_fact
from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ

RING_S: Final = 30
"""Seconds of the caller's audio that are kept."""
CAPACITY: Final = RING_S * SESSION_RATE_HZ
"""The same in samples. Who appends faster than he reads keeps the distance: what is overwritten is not there any more."""

_MAGIC: Final = b"livekitex call\x00\x05"
_PREAMBLE: Final = struct.Struct("<16sQQ")
_AUDIO_AT: Final = 64
_WATERMARK_AT: Final = 320
_OVER: Final = 1 << 63
_SETTLED_AT: Final = 448
_CARRIED_AT: Final = 576
_CARRIED_BYTES: Final = 480
_LENGTH: Final = struct.Struct("<H")
_RING_AT: Final = 1536
MAX_CARRIED: Final = _CARRIED_BYTES - _LENGTH.size
"""Bytes that one chunk may leave for the next."""
SHARED_AUDIO_BUFFER_BYTES: Final = _RING_AT + CAPACITY * BYTES_PER_SAMPLE
"""The size of a call's memory."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """What was told of a call: the newest incarnation, and the number after the newest event. What comes is above both.

    ``over`` once its last incarnation has left: nothing comes any more.
    """

    incarnation: int = 0
    next_event: int = 1
    over: bool = False


def watermark_of(view: memoryview | None) -> Watermark:
    """What was told of the call whose memory this is; nothing if it is none of ours."""
    if view is None or _PREAMBLE.unpack_from(view)[:2] != (_MAGIC, CAPACITY):
        return Watermark()
    fact = read_fact(view, _WATERMARK_AT)
    return Watermark(fact.first & ~_OVER, max(1, fact.second), bool(fact.first & _OVER))


class SharedAudioBuffer:
    """The memory of one call on ``view``, at least `SHARED_AUDIO_BUFFER_BYTES` long.

    A memory that is not one of ours is made a fresh one, whose audio begins at the sample ``fresh_at``.
    """

    def __init__(self, view: memoryview, *, fresh_at: int = 0) -> None:
        self._view = view
        magic, capacity, begun_at = _PREAMBLE.unpack_from(view)
        self._begun_at: int = begun_at
        if (magic, capacity) != (_MAGIC, CAPACITY):
            self._begun_at = fresh_at
            view[:_RING_AT] = bytes(_RING_AT)
            self._write_audio(Fact(1, fresh_at, 0), b"")
            write_fact(view, _WATERMARK_AT, Fact(1, 0, 1))
            write_fact(view, _SETTLED_AT, Fact(1, 0, 0))
            _PREAMBLE.pack_into(view, 0, _MAGIC, CAPACITY, fresh_at)
        self._audio = read_fact(view, _AUDIO_AT, self._carried_checksum)
        self._watermark = read_fact(view, _WATERMARK_AT)
        self._settled = read_fact(view, _SETTLED_AT)

    @property
    def position(self) -> int:
        """The sample after the newest one."""
        return self._audio.first

    @property
    def oldest(self) -> int:
        """The oldest sample that is there."""
        return max(self._begun_at, self.position - CAPACITY)

    @property
    def next_sequence(self) -> int:
        """The number of the caller's next chunk."""
        return self._audio.second

    @property
    def carried(self) -> bytes:
        """What the newest chunk left for the next."""
        at = self._carried_at(self._audio.generation)
        (length,) = _LENGTH.unpack_from(self._view, at)
        return bytes(self._view[at + _LENGTH.size : at + _LENGTH.size + min(length, MAX_CARRIED)])

    def append(self, pcm: bytes, carried: bytes = b"") -> None:
        """Keep ``pcm`` (at most the capacity), the caller's next chunk; then it is acknowledged. The oldest audio is overwritten.

        ``carried`` (at most `MAX_CARRIED` bytes) is what the maker of ``pcm`` needs for the chunk after it: kept and lost together with it.
        """
        start = self.position % CAPACITY * BYTES_PER_SAMPLE
        head = min(len(pcm), CAPACITY * BYTES_PER_SAMPLE - start)
        self._view[_RING_AT + start : _RING_AT + start + head] = pcm[:head]
        self._view[_RING_AT : _RING_AT + len(pcm) - head] = pcm[head:]
        fact = Fact(self._audio.generation + 1, self.position + len(pcm) // BYTES_PER_SAMPLE, self.next_sequence + 1)
        self._write_audio(fact, carried)
        self._audio = fact

    def read(self, start: int, end: int) -> bytes | None:
        """The samples from ``start`` to ``end``; None if not all of them are there (any more)."""
        if not self.oldest <= start <= end <= self.position:
            return None
        first, count = start % CAPACITY * BYTES_PER_SAMPLE, (end - start) * BYTES_PER_SAMPLE
        head = min(count, CAPACITY * BYTES_PER_SAMPLE - first)
        return bytes(self._view[_RING_AT + first : _RING_AT + first + head]) + bytes(self._view[_RING_AT : _RING_AT + count - head])

    def raise_watermark(self, incarnation: int, next_event: int) -> None:
        """Note what is told now; what was told before stays so."""
        fact = Fact(self._watermark.generation + 1, max(self._watermark.first, incarnation), max(self._watermark.second, next_event))
        write_fact(self._view, _WATERMARK_AT, fact)
        self._watermark = fact

    def end(self) -> None:
        """Note that the call is over, for good."""
        self.raise_watermark(self._watermark.first | _OVER, 1)

    @property
    def settled(self) -> int:
        """The sample before which nothing is needed any more; 0 in a fresh memory."""
        return self._settled.first

    def settle(self, position: int) -> None:
        """Note that nothing before the sample ``position`` is needed any more."""
        if position != self.settled:
            self._settled = Fact(self._settled.generation + 1, position, 0)
            write_fact(self._view, _SETTLED_AT, self._settled)

    def _write_audio(self, fact: Fact, carried: bytes) -> None:
        at = self._carried_at(fact.generation)
        self._view[at : at + _LENGTH.size + len(carried)] = _LENGTH.pack(len(carried)) + carried
        write_fact(self._view, _AUDIO_AT, fact, self._carried_checksum(fact.generation))

    def _carried_at(self, generation: int) -> int:
        return _CARRIED_AT + generation % 2 * _CARRIED_BYTES

    def _carried_checksum(self, generation: int) -> int:
        at = self._carried_at(generation)
        return zlib.crc32(self._view[at : at + _CARRIED_BYTES])
