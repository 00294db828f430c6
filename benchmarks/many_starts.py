"""Many calls started at the same moment: ``python -m benchmarks.many_starts [--calls 100]``.

Printed: how long each `start_session` took, from the moment in which all were begun, and when each handle had its first answer. Exits 1 if
a start was refused, a handle had no answer, or more or fewer calls run than were started.
"""

import argparse
import asyncio
import sys
import tempfile
import time

from benchmarks.figures import HEADER, bare_fork_ms, row
from livekitex_agent import Agent, AgentSystem, WorkerOptions
from protocols import AgentMessage
from support.memory_brain import MEMORY_BRAIN

PATIENCE_S = 120.0
AGENT = Agent.text(instructions="Remember.", llm=MEMORY_BRAIN)


async def start_and_ask(system: AgentSystem, began: float) -> tuple[float, float]:
    """Milliseconds from ``began`` to the handle, and to its first answer."""
    session = await system.start_session(AGENT, timeout_s=PATIENCE_S)
    started = time.monotonic()
    await session.send_text("Hello.", timeout_s=PATIENCE_S)
    await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)
    return (started - began) * 1000, (time.monotonic() - began) * 1000


async def main(calls: int) -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        async with AgentSystem.start(WorkerOptions(journal_dir=folder, log_level="error", max_jobs=calls)) as system:
            began = time.monotonic()
            outcomes = await asyncio.gather(*(start_and_ask(system, began) for _ in range(calls)), return_exceptions=True)
            running = len((await system.status(timeout_s=PATIENCE_S)).jobs)
    answered = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    print(HEADER)
    print(row("bare fork and exit", bare_fork_ms()))
    print(row(f"{calls} starts at once: to the handle", [handle for handle, _ in answered]))
    print(row(f"{calls} starts at once: to the first answer", [answer for _, answer in answered]))
    print(f"{calls} started, {len(answered)} answered, {running} run")
    for failure in sorted({f"{type(outcome).__name__}: {outcome}" for outcome in outcomes if isinstance(outcome, BaseException)}):
        print(f"  {failure}")
    return 0 if len(answered) == running == calls else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    sys.exit(asyncio.run(main(parser.parse_args().calls)))
