"""``kill -9`` above the sessions of three calls, of each role and of every two in quick succession: ``python -m benchmarks.returns``.

Printed for each: the time from the first kill until every call had answered with all that was ever said to it and the worker manager
counted them all, and whether anything was missing. Exits 1 if a call, a word of its history, or its place in the count was lost.
``--only ROLE[,ROLE]`` strikes once.
"""

import argparse
import asyncio
import itertools
import sys
import tempfile
from collections.abc import Sequence

from livekitex_agent import AgentSystem, WorkerOptions
from support.returning import PATIENCE_S, ROLES, Drill, Struck

CALLS = 3
PAUSE_S = 1.0
"""Between two strikes: infrastructure may restart ten times in ten seconds."""
BUDGET = 1_000
"""Restarts and returns of one call within a minute; here each dies far more often than a call in use may."""


def strikes() -> list[tuple[str, ...]]:
    """Each role alone, then every two in either order."""
    return [*((role,) for role in ROLES), *itertools.permutations(ROLES, 2)]


async def measure(plan: Sequence[tuple[str, ...]]) -> list[Struck]:
    """Strike after strike on the same calls."""
    struck = []
    with tempfile.TemporaryDirectory() as folder:
        options = WorkerOptions(journal_dir=folder, max_restarts=BUDGET, log_level="error")
        async with AgentSystem.start(options) as system:
            drill = await Drill.begin(system, CALLS)
            print(f"{'killed':<34} {'restored':>11} {'history':>9} {'counted':>9}")
            for roles in plan:
                struck.append(await asyncio.wait_for(drill.strike(*roles), 2 * PATIENCE_S))
                print(line(struck[-1]), *struck[-1].forgot, sep="\n    ", flush=True)
                await asyncio.sleep(PAUSE_S)
    return struck


def line(struck: Struck) -> str:
    """One strike."""
    kept = "lost call" if struck.lost else "LOST" if struck.forgot else "whole"
    return f"{', '.join(struck.roles):<34} {struck.took_s * 1000:>8.0f} ms {kept:>9} {'NO' if struck.uncounted else 'all':>9}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    plan = strikes() if arguments.only is None else [tuple(arguments.only.split(","))]
    struck = asyncio.run(measure(plan))
    times = sorted(one.took_s * 1000 for one in struck)
    print(
        f"{len(struck)} strikes, median {times[len(times) // 2]:.0f} ms, worst {times[-1]:.0f} ms; {sum(one.whole for one in struck)} whole"
    )
    return int(not all(one.whole for one in struck))


if __name__ == "__main__":
    sys.exit(main())
