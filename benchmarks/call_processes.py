"""What the processes of a call cost: ``python -m benchmarks.call_processes [--calls 1 10 25] [--kind text voice] [--talk 120]``.

So many calls are started one after the other, answer once, and talk for ``--talk`` seconds, by text or by voice (a spoken question about
every ten seconds). Printed for each of their processes: the memory that would be free without it (USS) and its proportional set size (PSS),
without the audio ring, which stands apart, as do its page tables; the sums of a call; and the times from `start_session` to the handle and
to the first answer. The first call of a system is left out of the times: it finds nothing warm.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

from benchmarks.figures import HEADER, bare_fork_ms, row
from benchmarks.recovery import ask_by_voice, speak
from livekitex_agent import Agent, AgentSystem, CallHandle, WorkerOptions
from protocols import AgentMessage
from support.memory_brain import FACT, MEMORY_BRAIN, QUESTION

PATIENCE_S = 120.0
ANSWER_S = 20.0
EVERY_S = 10.0
KINDS: dict[str, Callable[..., Agent]] = {"text": Agent.text, "voice": Agent}
ROLES = ("job", "agent_session")
RING = "memfd:livekitex"


@dataclass(frozen=True)
class Memory:
    """Of a process, in MB."""

    uss: float
    pss: float
    ring: float
    page_tables: float

    @classmethod
    def of(cls, os_pid: int) -> "Memory":
        """Of a living process."""
        uss = pss = ring = 0.0
        mapped = ""
        for line in Path(f"/proc/{os_pid}/smaps").read_text().splitlines():
            name, *rest = line.split()
            if not name.endswith(":"):
                mapped = line
            elif name == "Pss:" and RING in mapped:
                ring += int(rest[0]) / 1024
            elif name == "Pss:":
                pss += int(rest[0]) / 1024
            elif name in {"Private_Clean:", "Private_Dirty:"} and RING not in mapped:
                uss += int(rest[0]) / 1024
        status = Path(f"/proc/{os_pid}/status").read_text()
        return cls(uss, pss, ring, int(status.split("VmPTE:")[1].split()[0]) / 1024)


async def converse(session: CallHandle, kind: str, question: bytes, rate_hz: int, until: float) -> tuple[int, int]:
    """One exchange after the other; the first tells the fact. How many there were, and in how many a spoken question was not understood."""
    asked = missed = 0
    await session.send_text(FACT, timeout_s=PATIENCE_S)
    await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)
    while (began := time.monotonic()) < until:
        asked += 1
        if kind == "voice":
            try:
                await ask_by_voice(session, question, rate_hz, kill=False, patience_s=ANSWER_S)
            except TimeoutError:
                missed += 1
        else:
            await session.send_text(QUESTION, timeout_s=PATIENCE_S)
            await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)
        await asyncio.sleep(max(0.0, began + EVERY_S - time.monotonic()))
    return asked, missed


async def measure(kind: str, calls: int, talk_s: float) -> tuple[dict[str, list[Memory]], list[tuple[float, float]]]:
    """The memory of each process by role, and the milliseconds of each start to the handle and to the answer."""
    question, rate_hz = await speak(QUESTION)
    agent = KINDS[kind](instructions="Remember.", llm=MEMORY_BRAIN)
    starts, sessions = list[tuple[float, float]](), list[CallHandle]()
    with tempfile.TemporaryDirectory() as folder:
        async with AgentSystem.start(WorkerOptions(journal_dir=folder, log_level="error")) as system:
            for _ in range(calls):
                began = time.monotonic()
                sessions.append(await system.start_session(agent, timeout_s=PATIENCE_S))
                handle = time.monotonic()
                await sessions[-1].send_text("Hello.", timeout_s=PATIENCE_S)
                await sessions[-1].wait_for(AgentMessage, timeout_s=PATIENCE_S)
                starts.append(((handle - began) * 1000, (time.monotonic() - began) * 1000))
            until = time.monotonic() + talk_s
            exchanges = await asyncio.gather(*(converse(session, kind, question, rate_hz, until) for session in sessions))
            asked, missed = map(sum, zip(*exchanges, strict=True))
            print(f"\n{asked} exchanges by {kind} in {calls} calls, {missed} of them not understood", flush=True)
            by_role = defaultdict(list)
            processes = {node.os_pid: node.name.split("/")[0] for node in reversed([*(await system.tree()).walk()])}
            for os_pid, role in reversed(processes.items()):
                by_role[role].append(Memory.of(os_pid))
    return by_role, starts


def print_memory(kind: str, calls: int, by_role: dict[str, list[Memory]]) -> None:
    """A line for each role, and the sums of a call."""
    print(f"\n{f'{calls} calls by {kind}: medians in MB':<34} {'n':>4} {'USS':>7} {'PSS':>7} {'ring':>7} {'page tables':>12}")
    sums = [0.0] * 4
    for role, found in by_role.items():
        medians = [statistics.median(column) for column in zip(*map(astuple, found), strict=True)]
        print(_line(role, len(found), medians))
        if role in ROLES:
            sums = [total + median for total, median in zip(sums, medians, strict=True)]
    print(_line("a call", calls, sums), flush=True)


def _line(what: str, number: int, columns: list[float]) -> str:
    uss, pss, ring, page_tables = columns
    return f"{what:<34} {number:>4} {uss:>7.1f} {pss:>7.1f} {ring:>7.1f} {page_tables:>12.2f}"


async def main(calls: list[int], kind: list[str], talk: float) -> None:
    """Measure and print."""
    times = [row("bare fork and exit", bare_fork_ms())]
    for one in kind:
        for number in calls:
            by_role, starts = await measure(one, number, talk)
            print_memory(one, number, by_role)
            for at, what in enumerate(("to the handle", "to the first answer")):
                times.append(row(f"start of a call by {one}, the {number}th: {what}", [start[at] for start in starts[1:]]))
    print("", HEADER, *times, sep="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, nargs="+", default=[10])
    parser.add_argument("--kind", choices=list(KINDS), nargs="+", default=list(KINDS))
    parser.add_argument("--talk", type=float, default=0.0)
    asyncio.run(main(**vars(parser.parse_args())))
