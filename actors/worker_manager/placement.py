"""Which partition takes the next job of plain data. Pure."""

from collections import Counter
from collections.abc import Iterable


def least_busy(partitions: Iterable[str], busy: Iterable[str]) -> str | None:
    """The one of ``partitions`` that ``busy``, which names a partition for each job, names least often; None when there is none.

    Of several the one with the lowest index wins (``partition/2`` before ``partition/10``).
    """
    jobs = Counter(busy)
    return min(partitions, key=lambda name: (jobs[name], _index(name), name), default=None)


def _index(name: str) -> int:
    last = name.rpartition("/")[2]
    return int(last) if last.isdecimal() else -1
