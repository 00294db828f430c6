"""What one provider that is slow to start costs the others: ``python -m benchmarks.slow_start [--calls 100] [--slow 12]``.

Calls are started one after the other in one partition, as a script would, each timed from `start_session` to its handle; then the same
again while a call whose model takes ``--slow`` seconds to make is being started. Exits with 1 if that one delays the median of the others
by more than half, or the slowest of them by its own time.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.figures import HEADER, row
from livekitex_agent import Agent, AgentSystem, WorkerOptions
from protocols import LLM, ProviderRef
from support.memory_brain import MEMORY_BRAIN, memory_brain

INSTRUCTIONS = "Talk."
PROMISE_TIMES = 1.5
TIMEOUT_S = 120.0


def slow_brain(options: Mapping[str, Any]) -> LLM:
    """The factory of a model that takes its time to be made."""
    time.sleep(options["seconds"])
    return memory_brain({})


async def start_calls(system: AgentSystem, calls: int) -> list[float]:
    """Start and end so many calls; how long each start took, in ms."""
    took = []
    for _ in range(calls):
        began = time.perf_counter()
        session = await system.start_session(Agent.text(instructions=INSTRUCTIONS, llm=MEMORY_BRAIN), timeout_s=TIMEOUT_S)
        took.append((time.perf_counter() - began) * 1000)
        await session.end()
    return took


async def main(calls: int, slow_s: float) -> int:
    """Measure and print."""
    slow = Agent.text(instructions=INSTRUCTIONS, llm=ProviderRef(factory="benchmarks.slow_start:slow_brain", options={"seconds": slow_s}))
    with tempfile.TemporaryDirectory() as folder:
        async with AgentSystem.start(WorkerOptions(partitions=1, journal_dir=folder, log_level="error")) as system:
            await start_calls(system, 2)
            alone = await start_calls(system, calls)
            began = time.perf_counter()
            starting = asyncio.ensure_future(system.start_session(slow, timeout_s=TIMEOUT_S))
            beside = await start_calls(system, calls)
            await starting
            took = [(time.perf_counter() - began) * 1000]
    print(HEADER)
    print(row("starts of calls, alone", alone))
    print(row(f"starts of calls, beside one that takes {slow_s:g} s", beside))
    print(row("all of these and that one", took))
    broken = statistics.median(beside) > PROMISE_TIMES * statistics.median(alone) or max(beside) > max(alone) + slow_s * 500
    print("BROKEN" if broken else "kept")
    return int(broken)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--slow", type=float, default=12.0, metavar="S", help="how long that one model takes to be made")
    chosen = parser.parse_args()
    sys.exit(asyncio.run(main(chosen.calls, chosen.slow)))
