"""What blocks a program loop: samples of the loop with their times in, verdicts out.

A loop is blocked from the moment at which something was due on it until it runs that. Of this time, what a garbage collection took and
what the machine did not give is nobody's; the rest is user code's own, and it alone is judged.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

BLOCKED_S: Final = 0.5
"""How long a loop has to be blocked to be worth a word."""
LATE_S: Final = 0.1
"""A sample that comes later than this was itself kept from running, by who holds the interpreter's lock or by the machine."""
MAX_PLACES: Final = 64
"""Different places that are counted in one block."""

Frame = tuple[str, int, str]
"""File, line and function."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where code is: its innermost line that is no library's, and the library's line that it is ``inside`` of, if any."""

    file: str
    line: int
    function: str
    inside: str = ""

    def __str__(self) -> str:
        here = f"{self.file}:{self.line} in {self.function}"
        return f"{here} (inside {self.inside})" if self.inside else here


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look at the loop, at the time ``at``, ``late_s`` after it was meant to be.

    ``due_since`` is when the oldest thing was due that the loop has not run. ``place`` is what the loop runs (None: it waits for work, or
    for the interpreter's lock), ``holder`` what the thread runs that has computed most since the last sample, if that is another thread.
    The rest are totals since any start: garbage collections, the time that the loop's thread waited for a processor, and the processor time
    of the process.
    """

    at: float
    late_s: float
    due_since: float | None
    place: Place | None
    holder: Place | None = None
    collected_s: float = 0.0
    starved_s: float = 0.0
    process_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Blocked:
    """User code has kept the loop from its work for `BLOCKED_S`, and still does; told once for each block."""

    place: Place
    own_s: float


@dataclass(frozen=True, slots=True)
class BlockEnded:
    """The loop works again, after ``duration_s`` in all; follows each `Blocked`."""

    place: Place
    duration_s: float


@dataclass(frozen=True, slots=True)
class Collected:
    """A garbage collection has kept the loop from its work for most of ``duration_s``."""

    duration_s: float


@dataclass(frozen=True, slots=True)
class MustEnd:
    """A block has lasted as long as one may, and only its process can be ended; told once for each block, after its `Blocked`."""

    place: Place
    own_s: float

    @property
    def reason(self) -> str:
        """Why the process has to end."""
        return f"the program has blocked its event loop for {self.own_s:.0f} s at {self.place}"


Verdict = Blocked | BlockEnded | Collected | MustEnd


@dataclass(frozen=True, slots=True)
class _Block:
    """``elapsed_s`` is from ``since`` to the last sample that has seen it."""

    since: float
    elapsed_s: float = 0.0
    collected_s: float = 0.0
    starved_s: float = 0.0
    places: Counter[Place] = field(default_factory=Counter)
    blamed: bool = False
    condemned: bool = False

    @property
    def place(self) -> Place:
        """Where it was seen most."""
        return self.places.most_common(1)[0][0]


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of a loop; `step` gives the next. A block of ``limit_s`` must end (None: it may last)."""

    limit_s: float | None
    last: Sample | None = None
    block: _Block | None = None


def step(watch: Watch, sample: Sample) -> tuple[Watch, tuple[Verdict, ...]]:
    """What is known after ``sample``, and what it shows."""
    since = _blocked_since(sample)
    block = watch.block
    if since is None:
        return replace(watch, last=sample, block=None), _end(block) if block is not None else ()
    block = _account(block or _Block(since), watch.last, sample)
    own_s = block.elapsed_s - block.collected_s - block.starved_s
    verdicts: list[Verdict] = []
    if not block.blamed and own_s >= BLOCKED_S and block.places:
        block = replace(block, blamed=True)
        verdicts.append(Blocked(block.place, own_s))
    if block.blamed and not block.condemned and watch.limit_s is not None and own_s >= watch.limit_s:
        block = replace(block, condemned=True)
        verdicts.append(MustEnd(block.place, own_s))
    return replace(watch, last=sample, block=block), tuple(verdicts)


def _end(block: _Block) -> tuple[Verdict, ...]:
    if block.blamed:
        return (BlockEnded(block.place, block.elapsed_s),)
    if block.elapsed_s >= BLOCKED_S and block.collected_s >= block.elapsed_s / 2:
        return (Collected(block.elapsed_s),)
    return ()


def words(verdict: Verdict) -> str:
    """What a log says of ``verdict``."""
    match verdict:
        case Blocked(place=place, own_s=own_s):
            return f"the program blocks its event loop, for {own_s:.1f} s by now, at {place}"
        case BlockEnded(place=place, duration_s=duration_s):
            return f"the program blocked its event loop for {duration_s:.1f} s at {place}: use await, or asyncio.to_thread"
        case Collected(duration_s=duration_s):
            return f"a garbage collection stopped the program for {duration_s:.1f} s: keep fewer objects, or gc.freeze() those of setup_fnc"
        case MustEnd(reason=reason):
            return f"{reason}: its process must end"


def _blocked_since(sample: Sample) -> float | None:
    """Since when the loop is blocked, or was until just now; None if it works. Who looks late may find what was due done already."""
    since = sample.due_since
    if sample.late_s >= LATE_S and _place_in(sample) is not None:
        looked_for = sample.at - sample.late_s
        since = looked_for if since is None else min(since, looked_for)
    return since


def _place_in(sample: Sample) -> Place | None:
    """What blocks: the loop's own code, or who has kept even the looker from running."""
    return sample.holder if sample.place is None and sample.late_s >= LATE_S else sample.place


def _account(block: _Block, last: Sample | None, sample: Sample) -> _Block:
    places, elapsed_s = block.places.copy(), sample.at - block.since
    place = _place_in(sample)
    if place is not None and (place in places or len(places) < MAX_PLACES):
        places[place] += 1
    if last is None:
        return replace(block, places=places, elapsed_s=elapsed_s)
    within_s = sample.at - max(block.since, last.at)
    paused_s = sample.late_s - (sample.process_s - last.process_s)  # late, though nothing of ours was running: stopped, or not served
    starved_s = min(within_s, max(sample.starved_s - last.starved_s, paused_s, 0.0))
    collected_s = min(within_s - starved_s, sample.collected_s - last.collected_s)
    collected_s, starved_s = block.collected_s + collected_s, block.starved_s + starved_s
    return replace(block, places=places, elapsed_s=elapsed_s, collected_s=collected_s, starved_s=starved_s)


def place_of(stack: Sequence[Frame], is_library: Callable[[str], bool], waits: Callable[[Sequence[Frame]], bool]) -> Place | None:
    """Where a thread is whose ``stack`` this is, outermost first: None if it only waits.

    ``is_library`` tells whether a file is not the user's, ``waits`` whether a stack is that of a thread without work.
    """
    if not stack or waits(stack):
        return None
    innermost = stack[-1]
    mine = next((frame for frame in reversed(stack) if not is_library(frame[0])), innermost)
    return Place(*mine) if mine == innermost else Place(*mine, inside=f"{innermost[0]}:{innermost[1]} {innermost[2]}")
