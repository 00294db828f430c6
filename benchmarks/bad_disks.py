"""A call on every kind of bad disk: ``python -m benchmarks.bad_disks [WORD...]``, those whose names hold a word.

Each disk goes bad under a call of its own that knows a fact, on a file system of its own (4 MB, in a private mount namespace). Printed:
whether an event told of it, whether the call went on, whether it still knew the fact after ``kill -9`` while the disk was bad, whether the
caller was asked again, whether the call outlived another ``kill -9`` once the disk was good again, whether each event had a number of its
own, and what the event said. Exits with 1 if a promise was broken. ``--together`` plays all at the same time.
"""

import asyncio
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support import bad_disks

INSIDE = "--inside"
TOGETHER = "--together"
HEADS = f"{'disk':<36} {'event':>5} {'went on':>7} {'knew':>4} {'asked again':>11} {'durable':>7} {'numbers':>7}  what the event said"


def main(words: list[str]) -> int:
    """Measure and print."""
    print(HEADS)
    together = TOGETHER in words
    words = [word for word in words if word != TOGETHER]
    chosen = [disk for disk in bad_disks.DISKS if not words or any(word in disk.name for word in words)]
    with ThreadPoolExecutor(len(chosen) if together else 1) as pool:
        wrong = [f"{disk.name}: {problem}" for disk, problems in zip(chosen, pool.map(_row, chosen), strict=True) for problem in problems]
    for problem in wrong:
        print(f"WRONG {problem}")
    print(f"{len(chosen)} disks, {len(wrong)} wrong")
    return int(bool(wrong))


def _row(disk: bad_disks.BadDisk) -> list[str]:
    with tempfile.TemporaryDirectory() as folder, bad_disks.own_disk(Path(folder) / "disk") as place:
        seen = asyncio.run(bad_disks.play(disk, place))
        told = seen.told.replace(f"{place}/calls/", "")
    marks = [bool(seen.told), seen.went_on, seen.knew, seen.asked_again, seen.durable, seen.numbers]
    figures = " ".join(f"{'yes' if mark else 'no':>{width}}" for mark, width in zip(marks, (5, 7, 4, 11, 7, 7), strict=True))
    print(f"{disk.name:<36} {figures}  {told}", flush=True)
    return seen.problems


if __name__ == "__main__":
    if INSIDE in sys.argv:
        sys.exit(main([word for word in sys.argv[1:] if word != INSIDE]))
    if reason := bad_disks.why_no_namespace():
        sys.exit(f"a mount namespace is needed to break disks ({reason}): allow user namespaces, or run this as root")
    again = ("-m", "benchmarks.bad_disks") if __package__ else (__file__,)
    command = bad_disks.namespace([sys.executable, *again, INSIDE, *sys.argv[1:]])
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
