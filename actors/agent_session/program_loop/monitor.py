"""Watches a program loop from a thread of its own, and names what blocks it."""

import gc
import os
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator, Sequence
from contextvars import Context
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from actors.agent_session.program_loop.blocking import LATE_S, Frame, Place, Sample, Verdict, Watch, place_of, step, words
from actors.agent_session.program_loop.loop import ProgramLoopThread
from protocols import Clock

TICK_S: Final = 0.1
OTHERS_S: Final = 0.5
"""How often the processor time of all threads is read."""
USER_BLOCK_S: Final = 30.0
MAX_FRAMES: Final = 200
"""Of a stack, from the innermost; what is deeper called by more is not looked at."""
_NS: Final = 1e9
_OURS: Final = ("protocols", "supervision", "actors", "livekitex_agent")
_WAITING: Final = frozenset({("selectors.py", "select"), ("threading.py", "wait")})
"""File and function of a thread that waits for work, innermost."""
_RUNS_LOOP: Final = ("event_loop_thread.py", "_guarded")
_LIBRARIES: Final = (
    *(f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *(f"{Path(__file__).parents[3] / name}/" for name in _OURS),
    "<frozen ",
)
"""What the files of code begin with that is not the user's."""


class Collections:
    """How long garbage collections have taken, all together. Each of them stops every thread.

    Being Python, it also lets other threads run where a library makes many objects and would hold the interpreter's lock all the time.
    """

    def __init__(self, clock: Clock) -> None:
        self.total_s = 0.0
        self._clock = clock
        self._began = 0.0

    def __call__(self, phase: str, _info: dict[str, int]) -> None:
        """See `gc.callbacks`."""
        if phase == "start":
            self._began = self._clock.monotonic()
        else:
            self.total_s += self._clock.monotonic() - self._began


class BlockMonitor:
    """Looks at ``loop`` every `TICK_S` from `start` to `stop`, logs what blocks it, and tells ``told``, on its own thread.

    After ``limit_s`` of one block, `MustEnd` is told (None: never); it ends nothing itself.
    """

    def __init__(
        self, loop: ProgramLoopThread, clock: Clock, told: Callable[[Verdict], None], *, limit_s: float | None = USER_BLOCK_S
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._told = told
        self._watch = Watch(limit_s)
        self._collections = Collections(clock)
        self._threads = _Threads()
        self._stopped = threading.Event()
        self._given_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="program monitor", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        gc.callbacks.append(self._collections)
        self._thread.start()

    def stop(self) -> None:
        """Look no more. A second call does nothing."""
        if not self._stopped.is_set():
            gc.callbacks.remove(self._collections)
        self._stopped.set()

    def _run(self) -> None:
        asked = self._clock.monotonic() + TICK_S
        while not self._stopped.wait(asked - self._clock.monotonic()):
            frames = sys._current_frames()  # noqa: SLF001 - first of all: what held the lock goes on soon
            now = self._clock.monotonic()
            self._look(frames, now, now - asked)
            del frames
            asked = self._clock.monotonic() + TICK_S

    def _look(self, frames: dict[int, FrameType], now: float, late_s: float) -> None:
        due_since = self._given_at
        blocked = due_since is not None or late_s >= LATE_S
        loop = self._loop.thread
        busiest = self._threads.busiest(now, but=loop)
        starved_s, process_s = self._threads.totals(loop)
        sample = Sample(
            at=now,
            late_s=late_s,
            due_since=due_since,
            place=_place(frames.get(loop.ident or 0), _loop_waits) if blocked else None,
            holder=_place(frames.get(busiest.ident or 0), _thread_waits) if blocked and busiest is not None else None,
            collected_s=self._collections.total_s,
            starved_s=starved_s,
            process_s=process_s,
        )
        if due_since is None:
            self._given_at = now
            self._loop.call(self._answer, context=Context())
        self._watch, verdicts = step(self._watch, sample)
        for verdict in verdicts:
            structlog.get_logger("livekitex.program").warning(words(verdict))
            self._told(verdict)

    def _answer(self) -> None:
        self._given_at = None


class _Threads:
    """The processor times of the process and its threads, as far as the kernel tells them."""

    def __init__(self) -> None:
        self._read_at = float("-inf")
        self._worked: dict[int, int] = {}

    def totals(self, thread: threading.Thread) -> tuple[float, float]:
        """For how long ``thread`` has waited for a processor, and what the process has used of them, in seconds."""
        times = os.times()
        return _schedule_of(thread)[1] / _NS, times.user + times.system

    def busiest(self, now: float, *, but: threading.Thread) -> threading.Thread | None:
        """Which thread has computed most since this was last read, at least `OTHERS_S` ago; None if that is ``but`` or not known yet."""
        if now - self._read_at < OTHERS_S:
            return None
        before, self._worked, self._read_at = self._worked, {}, now
        found, most = None, 0
        for thread in threading.enumerate():
            worked = self._worked[thread.native_id or 0] = _schedule_of(thread)[0]
            if (more := worked - before.get(thread.native_id or 0, worked)) > most:
                found, most = thread, more
        return found if found is not but else None


def _schedule_of(thread: threading.Thread) -> tuple[int, int]:
    """How long a thread has run, and has waited to run, in nanoseconds; zeros where the kernel does not tell."""
    try:
        text = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text("ascii")
        ran, waited, *_ = text.split()
    except (OSError, ValueError):  # it has ended, or this kernel counts nothing
        return 0, 0
    return int(ran), int(waited)


def _place(innermost: FrameType | None, waits: Callable[[Sequence[Frame]], bool]) -> Place | None:
    return place_of(tuple(_stack(innermost))[::-1], _is_library, waits)


def _stack(frame: FrameType | None) -> Iterator[Frame]:
    for _ in range(MAX_FRAMES):
        if frame is None:
            return
        if frame.f_code.co_filename != __file__:  # what it runs for us: `Collections`
            yield frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname
        frame = frame.f_back


def _is_library(file: str) -> bool:
    return file.startswith(_LIBRARIES)


def _loop_waits(stack: Sequence[Frame]) -> bool:
    """Whether a loop's thread is in no callback: in the wait of asyncio's own loop, or just inside of what runs another (uvloop)."""
    *_, caller, innermost = map(_function, ((("", 0, ""), *stack)))
    return (caller, innermost) == (("base_events.py", "_run_once"), ("selectors.py", "select")) or innermost == _RUNS_LOOP


def _thread_waits(stack: Sequence[Frame]) -> bool:
    return _function(stack[-1]) in _WAITING


def _function(frame: Frame) -> tuple[str, str]:
    return Path(frame[0]).name, frame[2].rpartition(".")[2]
