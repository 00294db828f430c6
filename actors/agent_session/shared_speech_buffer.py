"""The agent's words outside the session's process: what was made of the reply and not heard yet, and how far it was heard.

The memory stands behind the caller's (`shared_audio_buffer`) and is kept in the same way. Audio is kept before it is handed out, and what
is not heard yet is never overwritten: whoever makes audio faster than it is heard keeps the rest until there is room.

::

    0     magic and version, capacity
    64    made slots 0 and 1: generation, speech, end of the audio, CRC (over the table, too)
    192   mark slots 0 and 1: generation, speech and sentence, position and characters, CRC
    320   table 0 and 1:      beginning and end of the audio, the text after that, number of stretches, sentence and start of each
    2816  ring: PCM16 at the voice's rate; sample n of the reply is at n modulo the capacity

A reply of less than the ring touches no more pages than it is long. One thread writes, any may read.
"""

import struct
import zlib
from dataclasses import dataclass, replace
from typing import Final

from actors.agent_session.core import KeptSpeech, Stretch
from actors.agent_session.slots import Fact, read_fact, write_fact
from protocols import BYTES_PER_SAMPLE

SPEECH_CAPACITY: Final = 30 * 24_000
"""Samples that are kept: 30 s at 24 kHz, 15 s at 48 kHz."""
MAX_STRETCHES: Final = 96
"""Sentences of which there is audio; those that were heard are given up."""

_MAGIC: Final = b"livekitex voice\x01"
_PREAMBLE: Final = struct.Struct("<16sQ")
_MADE_AT: Final = 64
_MARK_AT: Final = 192
_TABLE_AT: Final = 320
_HEAD: Final = struct.Struct("<QQIIH")
_STRETCH: Final = struct.Struct("<IQ")
_TABLE_BYTES: Final = 1_216
_RING_AT: Final = 2_816
SHARED_SPEECH_BUFFER_BYTES: Final = _RING_AT + SPEECH_CAPACITY * BYTES_PER_SAMPLE
"""The size of the memory."""
_MAX_CHAR: Final = (1 << 16) - 1


@dataclass(frozen=True, slots=True)
class _Made:
    """The table: audio from ``begin`` to ``end``, and the text after it."""

    begin: int = 0
    end: int = 0
    next_index: int = 0
    next_char: int = 0
    stretches: tuple[tuple[int, int], ...] = ()

    def ends(self) -> list[int]:
        """Where each stretch ends."""
        return [start for _, start in self.stretches[1:]] + [self.end] * bool(self.stretches)


class SharedSpeechBuffer:
    """The memory of one call's agent on ``view``, at least `SHARED_SPEECH_BUFFER_BYTES` long; one that is not ours is made a fresh one."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        if _PREAMBLE.unpack_from(view) != (_MAGIC, SPEECH_CAPACITY):
            view[:_RING_AT] = bytes(_RING_AT)
            _PREAMBLE.pack_into(view, 0, _MAGIC, SPEECH_CAPACITY)
        self._fact = read_fact(view, _MADE_AT, self._table_checksum)
        self._mark = read_fact(view, _MARK_AT)
        self._made = self._read_table()

    @property
    def end(self) -> int:
        """The sample of the reply after the newest one that is kept."""
        return self._made.end

    @property
    def room(self) -> int:
        """How many samples can be kept now without giving up any that is not heard yet."""
        return max(0, SPEECH_CAPACITY - (self._made.end - min(self._made.end, max(self._made.begin, self._heard))))

    def begin(self, speech_id: str, position: int, index: int) -> None:
        """From now on the reply ``speech_id`` is kept, from the sample ``position`` and the sentence ``index`` on, and no other."""
        self.mark(speech_id, position, index, 0)
        self._write(_hash(speech_id), _Made(begin=position, end=position, next_index=index))

    def append(self, index: int, pcm: bytes, after: tuple[int, int]) -> bool:
        """Keep ``pcm`` (at most `room`), the next audio of the sentence ``index``; False, and nothing done, at `MAX_STRETCHES`.

        Another incarnation plays it to its end. The text that it says then begins at ``after``: a sentence, and a character in it.
        """
        made = self._made
        stretches = made.stretches
        if pcm and (not stretches or stretches[-1][0] != index):
            stretches = tuple(stretch for stretch, end in zip(stretches, made.ends(), strict=True) if end > self._heard)
            if len(stretches) >= MAX_STRETCHES:
                return False
            stretches = (*stretches, (index, made.end))
        at = made.end % SPEECH_CAPACITY * BYTES_PER_SAMPLE
        head = min(len(pcm), SPEECH_CAPACITY * BYTES_PER_SAMPLE - at)
        self._view[_RING_AT + at : _RING_AT + at + head] = pcm[:head]
        self._view[_RING_AT : _RING_AT + len(pcm) - head] = pcm[head:]
        end = made.end + len(pcm) // BYTES_PER_SAMPLE
        begin = max(made.begin, end - SPEECH_CAPACITY)
        self._write(
            self._fact.first,
            replace(made, begin=begin, end=end, next_index=after[0], next_char=after[1], stretches=stretches),
        )
        return True

    def mark(self, speech_id: str, position: int, index: int, char: int) -> None:
        """Note that the reply was heard up to the sample ``position``: ``char`` characters of the sentence ``index``, and all before it."""
        first, second = _hash(speech_id) << 32 | index, position << 16 | min(char, _MAX_CHAR)
        if (first, second) != (self._mark.first, self._mark.second):
            self._mark = Fact(self._mark.generation + 1, first, second)
            write_fact(self._view, _MARK_AT, self._mark)

    def read(self, start: int, end: int) -> bytes:
        """The samples of the reply from ``start`` to ``end``, which are there."""
        at, count = start % SPEECH_CAPACITY * BYTES_PER_SAMPLE, (end - start) * BYTES_PER_SAMPLE
        head = min(count, SPEECH_CAPACITY * BYTES_PER_SAMPLE - at)
        return bytes(self._view[_RING_AT + at : _RING_AT + at + head]) + bytes(self._view[_RING_AT : _RING_AT + count - head])

    def kept(self, speech_id: str) -> KeptSpeech | None:
        """What there is of the reply ``speech_id``; None if that is another one's."""
        made = self._made
        if self._fact.first != _hash(speech_id):
            return None
        heard = max(made.begin, min(self._heard, made.end))
        stretches = tuple(
            Stretch(index=index, start=max(start, heard), end=end)
            for (index, start), end in zip(made.stretches, made.ends(), strict=True)
            if end > heard
        )
        index, char = made.stretches[0][0] if made.stretches else made.next_index, 0
        if self._mark.first >> 32 == self._fact.first:
            index, char = self._mark.first & 0xFFFF_FFFF, self._mark.second & _MAX_CHAR
        return KeptSpeech(
            heard=heard, heard_index=index, heard_char=char, stretches=stretches, next_index=made.next_index, next_char=made.next_char
        )

    @property
    def _heard(self) -> int:
        """The mark, if it is the reply's that is kept."""
        return self._mark.second >> 16 if self._mark.first >> 32 == self._fact.first else 0

    def _write(self, speech: int, made: _Made) -> None:
        fact = Fact(self._fact.generation + 1, speech, made.end)
        table = _HEAD.pack(made.begin, made.end, made.next_index, made.next_char, len(made.stretches))
        table += b"".join(_STRETCH.pack(*stretch) for stretch in made.stretches)
        at = _table_at(fact.generation)
        self._view[at : at + len(table)] = table
        write_fact(self._view, _MADE_AT, fact, self._table_checksum(fact.generation))
        self._fact, self._made = fact, made

    def _read_table(self) -> _Made:
        if not self._fact.generation:
            return _Made()
        at = _table_at(self._fact.generation)
        begin, end, next_index, next_char, count = _HEAD.unpack_from(self._view, at)
        at += _HEAD.size
        stretches = [_STRETCH.unpack_from(self._view, at + number * _STRETCH.size) for number in range(count)]
        return _Made(begin, end, next_index, next_char, tuple((index, start) for index, start in stretches))

    def _table_checksum(self, generation: int) -> int:
        at = _table_at(generation)
        return zlib.crc32(self._view[at : at + _TABLE_BYTES])


def _table_at(generation: int) -> int:
    return _TABLE_AT + generation % 2 * _TABLE_BYTES


def _hash(speech_id: str) -> int:
    return zlib.crc32(speech_id.encode()) or 1
