"""The journal's prices and promises: ``python -m benchmarks.journal [--races N] [--looks N]``.

Prints what claims, reads and appends cost in each durability, the claim and the list of long calls, then: races of two processes for one
call (nothing is confirmed that the claimer has not read), and looks at a live call by another process (reads, copies, tails, the command
``livekitex calls show``). Exits with 1 if a promise was broken.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from actors.journal import CallDescription, FileStore, MemoryStore
from protocols import Durability, JournalStore, SystemClock

BODY: Final = b"x" * 200
ROUNDS: Final = 200


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--races", type=int, default=4_000)
    parser.add_argument("--looks", type=int, default=1_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _prices(Path(folder))
    broken = _races(chosen.races) + _looks(chosen.looks)
    print(f"{broken} promises broken")
    return int(bool(broken))


def _prices(folder: Path) -> None:
    print(f"{'durability':<10} {'append us':>10} {'worst us':>10}   {'records':>7} {'claim ms':>9} {'read ms':>8}")
    for durability in Durability:
        for count in (10, 1_000):
            store = _store(folder / f"{durability}-{count}", durability)
            journal = store.claim("c", b"a call", nonce="0")
            taken = [_time(partial(journal.append, at, [BODY])) for at in range(1, count + 1)]
            claims = [_time(partial(store.claim, "c", b"a call", nonce=str(at))) for at in range(1, 21)]
            reads = [_time(partial(store.read, "c")) for _ in range(20)]
            print(
                f"{durability:<10} {statistics.median(taken) * 1e6:>10.1f} {max(taken) * 1e6:>10.1f}   {count:>7}"
                f" {statistics.median(claims) * 1e3:>9.2f} {statistics.median(reads) * 1e3:>8.2f}"
            )
    store = FileStore(folder / "many")
    for at in range(ROUNDS):
        store.claim(f"c{at}", b"a call", nonce="0").close()
    print(f"a list of {ROUNDS} calls: {_time(store.list) * 1e3:.1f} ms")


def _store(folder: Path, durability: Durability) -> JournalStore:
    return MemoryStore(SystemClock()) if durability is Durability.MEMORY else FileStore(folder, durability)


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _races(count: int) -> int:
    """An owner in another process appends as fast as it can, and tells what was confirmed, until it is fenced."""
    broken, confirmed_in_all = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for at in range(count):
            store = FileStore(Path(folder, str(at)))
            reading, writing = os.pipe()
            child = os.fork()
            if not child:
                os.close(reading)
                _own(FileStore(Path(folder, str(at))), writing)
                os._exit(0)
            os.close(writing)
            with os.fdopen(reading, "rb", buffering=0) as told:
                told.read(4)  # the owner has begun
                claimed = store.claim("c", b"claimer", nonce="claimer")
                confirmed = int(told.readall().split()[-1])
            os.waitpid(child, 0)
            confirmed_in_all += confirmed
            broken += len(claimed.past.bodies) < confirmed or claimed.past.report != ""
            claimed.close()
            shutil.rmtree(Path(folder, str(at)))
    print(f"{count} races: {confirmed_in_all} batches were confirmed, of {broken} claims one did not read all")
    return broken


def _own(store: FileStore, told: int) -> None:
    journal, sequence = store.claim("c", b"owner", nonce="owner"), 0
    while journal.append(sequence + 1, [BODY]).confirmed:
        sequence += 1
        if sequence == 1:
            os.write(told, b"up  ")
    os.write(told, b" %d" % sequence)


def _looks(count: int) -> int:
    """Another process looks at a live call in every way; the owner confirms each batch, and no look sees damage."""
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "calls")
        child = os.fork()
        if not child:
            _live(root)
            os._exit(0)
        store = FileStore(root)
        while store.find("c") is None:
            time.sleep(0.001)
        tail = subprocess.Popen(
            [shutil.which("tail") or "/usr/bin/tail", "-q", "-c", "+1", "-F", *map(str, root.glob("c/*.log"))],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        command = [sys.executable, "-m", "livekitex_agent", "calls", "show", "c", "--journal-dir", folder, "--json"]
        for at in range(count):
            found = store.read("c")
            broken += found is None or bool(found.report)
            copy = Path(folder, "copy")
            shutil.rmtree(copy, ignore_errors=True)
            copy.mkdir()
            for path in root.glob("c/*.log"):
                try:
                    data = path.read_bytes()
                except FileNotFoundError:
                    continue
                (copy / path.name).write_bytes(data)
            if at % 100 == 0:
                broken += subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode != 0
        tail.kill()
        tail.wait()
        Path(folder, "stop").touch()
        _, status = os.waitpid(child, 0)
        broken += status != 0
    print(f"{count} looks (reads, copies, a tail, the command): {broken} went wrong")
    return broken


def _live(root: Path) -> None:
    record = CallDescription(call_id="c", run_id="r", agent={}, options={}, began_wall_s=1.0)
    journal, sequence = FileStore(root).claim("c", record.encode(), nonce="n"), 0
    stop = root.parent / "stop"
    while not stop.exists():
        sequence += 1
        write = journal.checkpoint if sequence % 100 == 0 else journal.append
        if not write(sequence, [BODY]).confirmed:
            os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
