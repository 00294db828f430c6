"""SQLite's write-ahead log as bytes: what of it counts, and what of it can still be read when it is damaged. Pure.

Formats: https://www.sqlite.org/fileformat2.html#walformat and https://www.sqlite.org/walformat.html. The index beside the log is rebuilt by
whoever opens the file first, but until then it tells how far the log had been committed: the only witness of writes that are lost without
a trace, since SQLite takes a log to end where its checksums do not fit.
"""

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

PAGE_BYTES: Final = 4_096
"""The size of a page where no header says it: SQLite's default."""

_ORDERS: Final = {0x377F_0682: "<", 0x377F_0683: ">"}
"""In which order of bytes a log with this mark is summed up."""
_HEAD: Final = struct.Struct(">IIIIIIII")
_FRAME: Final = struct.Struct(">IIIIII")
_INDEX: Final = struct.Struct("=IIIBBHIIII8sII")
_VERSION: Final = 3_007_000
_MASK: Final = 0xFFFF_FFFF
_NATIVE: Final = "<" if sys.byteorder == "little" else ">"
_PAGE_SIZES: Final = frozenset(512 << power for power in range(8))

Sums = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a log is committed: ``frames`` of the log with these ``salts``."""

    salts: bytes
    frames: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One page in a log. ``size`` is that of the file in pages after a commit that ends here (0: it goes on).

    ``current`` if it bears the salts of this log, ``whole`` if it also fits its sums.
    """

    page: int
    size: int
    data: bytes
    current: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Log:
    """A log's frames, of which SQLite would look at the first ``sound`` ones, and at least ``committed`` were committed."""

    frames: tuple[Frame, ...]
    sound: int
    committed: int = 0


@dataclass(frozen=True, slots=True)
class Merged:
    """A database; ``complete`` unless writes were committed after it that are not in it."""

    image: bytes
    complete: bool


def extent(index: bytes) -> Extent | None:
    """What the index beside a log says (its first 96 bytes); None if it cannot be trusted."""
    for at in (0, _INDEX.size):
        copy = index[at : at + _INDEX.size]
        if len(copy) == _INDEX.size:
            version, _, _, is_init, _, _, frames, _, _, _, salts, *sums = _INDEX.unpack(copy)
            if version == _VERSION and is_init and tuple(sums) == _sums(copy[:-8], (0, 0), _NATIVE):
                return Extent(salts, frames)
    return None


def frames_lost(before: Extent | None, now: Extent | None) -> int:
    """How many frames were committed ``before`` the log was opened and are not there ``now``.

    The log may have begun anew in between, which counts its first salt up by one; then they stand in the file itself.
    """
    if before is None or now is None:
        return 0
    if before.salts == now.salts:
        return max(0, before.frames - now.frames)
    began_anew = (_first(before.salts) + 1) & _MASK == _first(now.salts)
    return 0 if began_anew else before.frames


def read_log(log: bytes, known: Extent | None = None) -> Log:
    """The frames of a log, each checked, in about 60 us each; ``known`` is how far it was committed, where that is known."""
    committed = known.frames if known is not None else 0
    if len(log) < _HEAD.size + _FRAME.size:
        return Log((), 0, committed)
    magic, version, page_bytes, _, *salts, sum_1, sum_2 = _HEAD.unpack_from(log)
    order = _ORDERS.get(magic, _NATIVE)
    told, made = (sum_1, sum_2), _sums(log[:24], (0, 0), order)
    begins_well = magic in _ORDERS and version == _VERSION and page_bytes in _PAGE_SIZES and told == made
    if committed and known is not None:
        salts = list(struct.unpack(">II", known.salts))
    elif not begins_well:  # then the first frame knows better what all have in common
        salts = list(_FRAME.unpack_from(log, _HEAD.size)[2:4])
    frames = tuple(_frames(log, page_bytes if page_bytes in _PAGE_SIZES else PAGE_BYTES, salts, (told, made), order))
    sound = next((at for at, frame in enumerate(frames) if not frame.whole), len(frames))
    return Log(frames, sound if begins_well else 0, committed)


def merged(file: bytes, log: Log, *, strict: bool) -> Merged:
    """The database that a file and its log are together.

    As SQLite sees it if ``strict``: up to the last commit before the first damage in the log. Else up to the last commit, without the pages
    that are damaged; later ones may have replaced them, and whether what remains is right, the rows themselves must tell.
    """
    frames = log.frames[: log.sound] if strict else log.frames
    end = max((at for at, frame in enumerate(frames, 1) if frame.whole and frame.size), default=0)
    pages = [frame for frame in frames[:end] if frame.whole]
    page_bytes = len(pages[0].data) if pages else PAGE_BYTES
    in_file = -(-len(file) // page_bytes)
    count = min(pages[-1].size if pages else in_file, in_file + len(pages))
    image = bytearray(file[: count * page_bytes].ljust(count * page_bytes, b"\0"))
    for frame in pages:
        if 0 < frame.page <= count:
            image[(frame.page - 1) * page_bytes : frame.page * page_bytes] = frame.data
    left = any(frame.current and (frame.size or not frame.whole) for frame in log.frames[end:])
    return Merged(bytes(image), complete=not left and end >= log.committed)


def _frames(log: bytes, page_bytes: int, salts: list[int], seeds: tuple[Sums, Sums], order: str) -> Iterator[Frame]:
    """Each frame continues the sums of the one before: those that stand there, or, where these are damaged, those of its content."""
    for at in range(_HEAD.size, len(log) - _FRAME.size - page_bytes + 1, _FRAME.size + page_bytes):
        page, size, salt_1, salt_2, sum_1, sum_2 = _FRAME.unpack_from(log, at)
        data, told = log[at + _FRAME.size : at + _FRAME.size + page_bytes], (sum_1, sum_2)
        current = [salt_1, salt_2] == salts  # else an earlier log has left it here, or its salts are damaged
        made = [_sums(log[at : at + 8] + data, seed, order) for seed in dict.fromkeys(seeds)] if current else [told]
        whole = current and told in made
        seeds = (told, told if whole else made[0])
        yield Frame(page, size, data, current, whole)


def _sums(data: bytes, seed: Sums, order: str) -> Sums:
    one, two = seed
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for first, second in zip(words, words, strict=True):
        one = (one + first + two) & _MASK
        two = (two + second + one) & _MASK
    return one, two


def _first(salts: bytes) -> int:
    return int.from_bytes(salts[:4], "big")
