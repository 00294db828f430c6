"""Calls under strikes of every kind on every role: ``python -m benchmarks.chaos [--strikes 500] [--calls 6] [--seed N]``.

Some calls at a time answer numbered texts of two handles each, end, and are followed by others, while processes drawn by lot die of SIGKILL
and SIGSEGV or hang by SIGSTOP, tools abort their process and leave programs behind, and models die of a text. Printed: who was struck how
often, and the ledger from the callers' side. A turn is given up when the session died twice in the same step of it, or five times in all:
it has an apology for an answer, and is journalled as failed. The seed repeats the lots, not the moments.

Exits with 1 if a promise is broken: a text is answered twice or never, a tool runs twice, an event is missing or comes twice, a handle sees
something else than another, or something is left when the system has ended.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from livekitex_agent import AgentSystem, WorkerOptions
from protocols import LivekitexError, SessionUnavailableError, SystemEntropy
from support import leftovers, procfs
from support.command_fire import Fight, Fought
from support.mortal_echo import TEXTS, mortal_agent, mortal_word

ROLES: Final[Mapping[str, int]] = {
    "agent_session/": 16,
    "job/": 8,
    "partition/": 1,
    "registry": 1,
    "circuit_breakers": 1,
    "tool_registry": 1,
    "audio_processor": 1,
    "health_server": 1,
    "worker_manager": 1,
    "infrastructure": 1,
    "jobs": 1,
}
"""How often each role is drawn."""
OF_A_CALL: Final = ("agent_session/", "job/")
WAYS: Final = {signal.SIGKILL: 5, signal.SIGSEGV: 3, signal.SIGSTOP: 1}
APART_S: Final = 1.3
"""Between two strikes above the calls: infrastructure and partitions may restart ten times in ten seconds."""
PAUSE_S: Final = 0.1
"""Between two strikes."""
ASK_S: Final = 5.0
BUDGET = 1_000
MAX_SHOWN = 20


@dataclass
class Chaos:
    """What was done, and what came of it."""

    seed: int
    struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    fought: list[Fought] = field(default_factory=list)
    not_started: int = 0
    """Starts that failed because somebody was struck meanwhile."""

    @property
    def strikes(self) -> int:
        """So far."""
        return self.struck.total()

    def broken(self) -> list[str]:
        """Every promise that was not kept."""
        return [f"call {number}: {wrong}" for number, fought in enumerate(self.fought, 1) for wrong in fought.broken()]


async def rage(system: AgentSystem, folder: Path, *, seed: int, strikes: int, calls: int) -> Chaos:
    """Have so many calls at a time answer their texts until there were so many strikes, and then to their ends."""
    chaos = Chaos(seed)
    async with asyncio.TaskGroup() as tasks:
        for number in range(calls):
            tasks.create_task(_hold_calls(system, folder / f"notes-{number}", chaos, strikes))
        tasks.create_task(_strike_all(system, chaos, strikes))
    return chaos


async def _hold_calls(system: AgentSystem, notes: Path, chaos: Chaos, strikes: int) -> None:
    held = 0
    while chaos.strikes < strikes:
        notes = notes.with_suffix(f".{held}")
        call_id = await _start(system, notes, chaos)
        fight = Fight(system, notes, texts=TEXTS, handles=2, apart=False, word=mortal_word)
        chaos.fought.append(await fight.run((), call_id))
        held += 1


async def _start(system: AgentSystem, notes: Path, chaos: Chaos) -> str:
    """A new call. One whose process dies before it is up does not start, as its script is told, and is started again."""
    while True:
        try:
            return (await system.start_session(mortal_agent(notes))).call_id
        except SessionUnavailableError:
            chaos.not_started += 1


async def _strike_all(system: AgentSystem, chaos: Chaos, strikes: int) -> None:
    rng, loop = random.Random(chaos.seed), asyncio.get_running_loop()  # noqa: S311 - a lot
    above_calls_at, stopped = 0.0, 0
    while chaos.strikes < strikes:
        await asyncio.sleep(PAUSE_S)
        (role,) = rng.choices(list(ROLES), list(ROLES.values()))
        (way,) = rng.choices(list(WAYS), list(WAYS.values()))
        if role not in OF_A_CALL and loop.time() < above_calls_at + APART_S:
            continue
        if way == signal.SIGSTOP and procfs.stat(stopped) is not None:  # one hang at a time
            continue
        pid = await _process(system, role, rng)
        if pid == 0:
            continue
        with suppress(ProcessLookupError):
            os.kill(pid, way)
            chaos.struck[role.strip("/"), signal.Signals(way).name] += 1
            if way == signal.SIGSTOP:
                stopped = pid
            if role not in OF_A_CALL:
                above_calls_at = loop.time()


async def _process(system: AgentSystem, role: str, rng: random.Random) -> int:
    """One that has this role now; 0 if there is none, or nobody who says."""
    try:
        tree = await system.tree(timeout_s=ASK_S)
    except LivekitexError:
        return 0
    found = [
        node.os_pid for node in tree.walk() if node.os_pid and (node.name.startswith(role) if role.endswith("/") else node.name == role)
    ]
    return rng.choice(found) if found else 0


async def measure(folder: Path, *, seed: int, strikes: int, calls: int) -> Chaos:
    """One system under fire."""
    options = WorkerOptions(journal_dir=folder / "calls", preload=False, log_level="error", max_restarts=BUDGET, max_seconds=60)
    async with AgentSystem.start(options) as system:
        return await rage(system, folder, seed=seed, strikes=strikes, calls=calls)


def table(chaos: Chaos) -> dict[str, object]:
    """The ledger."""
    fights = chaos.fought
    answers = [said for fought in fights for said in fought.answers.values()]
    given_up = sum(fought.given_up.total() for fought in fights)
    records = [[pushed.number for pushed in record] for fought in fights for record in fought.records]
    words = Counter(len(said) for said in answers)
    return {
        "calls, texts": f"{len(fights)}, {len(answers)}",
        "starts that failed, told, and were begun again": chaos.not_started,
        "answered once": words[1],
        "given up, and told so": given_up,
        "answered twice": sum(times for said, times in words.items() if said > 1),
        "never answered": words[0] - given_up,
        "tool runs, of them for a text for which it ran before": (
            f"{sum(fought.notes.total() for fought in fights)}, {sum(fought.notes.total() - len(fought.notes) for fought in fights)}"
        ),
        "restarts told": sum(fought.restarts for fought in fights),
        "events, of them missing, repeated": (
            f"{sum(map(len, records))}, {sum(after > before + 1 for record in records for before, after in pairwise(record))}, "
            f"{sum(len(record) - len(set(record)) for record in records)}"
        ),
        "sends that a handle gave up (and the script sent again)": sum(fought.unavailable for fought in fights),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strikes", type=int, default=500)
    parser.add_argument("--calls", type=int, default=6)
    parser.add_argument("--seed", type=int, default=int(SystemEntropy().hex_id(2), 16))
    arguments = parser.parse_args()
    os.environ[leftovers.MARK] = mark = f"chaos-{os.getpid()}"
    print(f"seed {arguments.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        chaos = asyncio.run(measure(Path(folder), **vars(arguments)))
    took_s = time.monotonic() - began
    left = leftovers.wait_for_end(lambda: leftovers.belonging({os.getpid()}, mark, procfs.pids()))
    for (role, way), times in sorted(chaos.struck.items()):
        print(f"{role:<20} {way:<8} {times:>4}")
    broken = chaos.broken() + [f"left behind: {process}" for process in leftovers.describe(left).processes]
    for what, figure in {f"strikes in {took_s:.0f} s": chaos.strikes, **table(chaos), "left behind": len(left)}.items():
        print(f"{what:<60} {figure}")
    print(*(f"BROKEN: {wrong}" for wrong in broken[:MAX_SHOWN]), sep="\n")
    print("broken" if broken else "kept")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
