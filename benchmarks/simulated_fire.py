"""Thousands of schedules of one call on SimRuntime: ``python -m benchmarks.simulated_fire [--seeds 1000] [--first 0]``.

In each, six times a process of the call, its JobContext, its job's supervisor or the registry dies at any step, while messages between
session and handles are lost, late and doubled; three handles send texts, one reads from the middle and one sleeps beyond the events that
are kept. Prints what happened in all of them together, and each seed under which a promise was broken; exits with 1 if there is one.
"""

import argparse
import logging
import sys
import time
from collections import Counter

import pytest

from protocols import EventsMissed
from supervision import SimRuntime
from support import sim_session
from support.simulated_fire import Fire

HURTS = 6


def main(seeds: int, first: int) -> int:
    """Try and print."""
    logging.disable(logging.CRITICAL)
    began, broken, seen = time.monotonic(), 0, Counter[str]()
    with pytest.MonkeyPatch.context() as patch:
        sim_session.install(patch)
        for seed in range(first, first + seeds):
            try:
                with SimRuntime(seed=seed) as sim:
                    fire = Fire(seed)
                    fire.run(sim, HURTS)
                    records = [pushed.event for handle in fire.handles(sim) for pushed in handle.record]
            except Exception as failure:  # noqa: BLE001 - whatever a seed brings to light is told with it
                broken += 1
                print(f"BROKEN under seed {seed}: {type(failure).__name__}: {str(failure)[:200]!r}", flush=True)
            else:
                seen.update(type(event).__name__ for event in fire.events())
                seen["events announced as missed"] += sum(event.count for event in records if isinstance(event, EventsMissed))
    for name, times in sorted(seen.items()):
        print(f"{name:<30} {times:>8}")
    print(f"{seeds} schedules in {time.monotonic() - began:.0f} s, {broken} broken")
    return int(broken > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    sys.exit(main(**vars(parser.parse_args())))
