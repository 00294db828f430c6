"""Texts from three handles while a call's processes are killed at random: ``python -m benchmarks.commands_under_fire [--seed N]``.

``--texts 200 --kills 50 --job-kills 10``: so many texts, SIGKILLs of the session's process, and of its job's. The seed is
printed first and repeats the plan of the kills. A text is answered before the next kill; with ``--together`` two kills may fall into one
turn, which is then given up by design: its one answer is the apology, and it is journalled as failed.

Exits with 1 if a promise is broken: each text one answer, no tool run twice, results and user data together, and in each handle's own
record all event numbers once and in order, with `Restarted` between any two lives.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from livekitex_agent import AgentSystem, WorkerOptions
from protocols import EventsMissed, SystemEntropy
from support.command_fire import JOB, SESSION, Fight, Fought, plan

HANDLES = 3
BUDGET = 1_000


async def main(seed: int, texts: int, kills: int, job_kills: int, together: bool) -> int:  # noqa: FBT001 - as on the command line
    """Fight and print."""
    print(f"seed {seed}: {texts} texts, {HANDLES} handles, {kills} kills of the session, {job_kills} of its job", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        options = WorkerOptions(
            partitions=1, journal_dir=Path(folder, "calls"), preload=False, log_level="error", max_restarts=BUDGET, max_seconds=60
        )
        async with AgentSystem.start(options) as system:
            fight = Fight(system, Path(folder, "notes"), texts=texts, handles=HANDLES, apart=not together)
            fought = await fight.run(plan(seed, texts=texts, kills=kills, job_kills=job_kills, apart=not together))
    broken = fought.broken()
    for name, value in figures(fought).items():
        print(f"{name:<52} {value}")
    print(f"{'seconds':<52} {time.monotonic() - began:.1f}")
    for wrong in broken:
        print(f"BROKEN: {wrong}")
    print("broken" if broken else "kept")
    return int(bool(broken))


def figures(fought: Fought) -> dict[str, object]:
    """What is printed, in its order."""
    answers, given_up = fought.answers, fought.given_up
    figures: dict[str, object] = {
        "texts answered once": sum(len(said) == 1 for said in answers.values()),
        "turns given up after two deaths (one apology each)": given_up.total(),
        "texts answered twice": sum(len(said) > 1 for said in answers.values()),
        "texts without an answer": sum(not said and not given_up[number] for number, said in answers.items()),
        "tool runs, and texts for which it ran twice": f"{fought.notes.total()}, {sum(times > 1 for times in fought.notes.values())}",
        "SIGKILLs of session and job": f"{fought.killed[SESSION]}, {fought.killed[JOB]}",
        "of them after the last answer": fought.after_all,
        "restarts told": fought.restarts,
        "SessionUnavailableError": fought.unavailable,
    }
    for number, record in enumerate(fought.records, 1):
        numbers = [pushed.number for pushed in record]
        gaps = sum(after > before + 1 for before, after in pairwise(numbers))
        repeated = len(numbers) - len(set(numbers))
        figures[f"handle {number}: events, gaps, repetitions"] = f"{len(numbers)}, {gaps}, {repeated}"
    for wanted, record in fought.late.items():
        missed = sum(pushed.event.count for pushed in record if isinstance(pushed.event, EventsMissed))
        seen = sum(not isinstance(pushed.event, EventsMissed) for pushed in record)
        figures[f"a handle that came last, from {wanted} on: seen, missed"] = f"{seen}, {missed}"
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(SystemEntropy().hex_id(2), 16))
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--job-kills", type=int, default=10)
    parser.add_argument("--together", action="store_true")
    sys.exit(asyncio.run(main(**vars(parser.parse_args()))))
