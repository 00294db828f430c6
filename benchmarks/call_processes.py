"""What the processes of a call cost: ``python -m benchmarks.call_processes [--calls 10]``.

Prints the private memory (what would be free without it) and the proportional set size of each role of the tree, and the time from
`start_session` to a call that answers.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.figures import HEADER, bare_fork_ms, row
from livekitex_agent import Agent, AgentSystem, WorkerOptions
from protocols import AgentMessage
from support.memory_brain import MEMORY_BRAIN

PATIENCE_S = 20.0
AGENT = Agent(instructions="Remember.", greeting="Hello, how can I help you?", llm=MEMORY_BRAIN)


def memory_mb(os_pid: int) -> tuple[float, float]:
    """Private memory and proportional set size of a process in MB."""
    figures = {}
    for line in Path(f"/proc/{os_pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, kilobytes, *_ = line.split()
        figures[name] = int(kilobytes) / 1024
    return figures["Private_Clean:"] + figures["Private_Dirty:"], figures["Pss:"]


async def main(calls: int) -> None:
    """Measure and print."""
    starts = []
    with tempfile.TemporaryDirectory() as folder:
        async with AgentSystem.start(WorkerOptions(journal_dir=folder, log_level="error")) as system:
            for _ in range(calls):
                began = time.monotonic()
                session = await system.start_session(AGENT)
                starts.append((time.monotonic() - began) * 1000)
                await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)
            by_role = defaultdict(list)
            for node in (await system.tree()).walk():
                by_role[node.name.split("/")[0]].append(memory_mb(node.os_pid))
    print(f"{'role':<20} {'n':>4} {'private MB':>11} {'PSS MB':>8}    (medians; each call has spoken once)")
    for role, figures in by_role.items():
        private, pss = (statistics.median(column) for column in zip(*figures, strict=True))
        print(f"{role:<20} {len(figures):>4} {private:>11.1f} {pss:>8.1f}")
    print()
    print(HEADER)
    print(row("bare fork and exit", bare_fork_ms()))
    print(row("start_session to a call that answers (three processes)", starts))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10)
    asyncio.run(main(parser.parse_args().calls))
