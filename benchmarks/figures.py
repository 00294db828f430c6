"""How benchmarks print what they measured: median, worst and the bare floor, side by side."""

import os
import statistics
import time
from collections.abc import Sequence


def bare_fork_ms(times: int = 100) -> list[float]:
    """What the machine needs to fork a process and see it end: the floor of every restart."""
    figures = []
    for _ in range(times):
        began = time.perf_counter()
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        figures.append((time.perf_counter() - began) * 1000)
    return figures


def row(what: str, figures_ms: Sequence[float]) -> str:
    """One line: number, median and worst in milliseconds."""
    if not figures_ms:
        return f"{what:<58} {0:>4}        -        -"
    return f"{what:<58} {len(figures_ms):>4} {statistics.median(figures_ms):>8.1f} {max(figures_ms):>8.1f}"


HEADER = f"{'milliseconds':<58} {'n':>4} {'median':>8} {'worst':>8}"
