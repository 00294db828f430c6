"""``livekitex demo`` while an attacker fires at every port of it: ``python -m benchmarks.demo_under_fire [--per-second N] [DEMO OPTIONS]``.

The attacker holds no key. It sends pickles that would run code, junk, negative sizes, oversized frames, forged shutdowns and hellos of
another run to each listening socket of each process of the demo, and holds up to 200 half frames open, as long as the demo runs. At the
end: how much of each was delivered. Exits as the demo does; with 1 if code of the attacker ran, or nothing could be fired.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from support import leftovers, procfs
from support.fire import Fire

COMMAND = "from livekitex_agent.cli import main; main()"


def main() -> int:
    """Run the demo under fire."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--per-second", type=float, default=200.0)
    options, demo = parser.parse_known_args()
    mark = secrets.token_hex(8)

    def ports() -> set[int]:
        listeners = procfs.listeners()
        ours = leftovers.belonging(set(), mark, procfs.pids())
        return {port for pid in ours for port in procfs.listening_ports(pid, listeners)}

    with tempfile.TemporaryDirectory() as folder:
        ran = Path(folder, "ran")
        process = subprocess.Popen([sys.executable, "-c", COMMAND, "demo", *demo], env=os.environ | {leftovers.MARK: mark})
        with Fire(ports, ran, per_second=options.per_second) as burning:
            status = process.wait()
        for name, times in sorted(burning.sent.items()):
            print(f"{times:>6} times {name}")
        print(f"{burning.sent.total():>6} attacks on {len(burning.targets)} ports, the demo's exit code {status}")
        if ran.exists():
            print("CODE OF THE ATTACKER RAN")
        return status or int(ran.exists() or not burning.targets)


if __name__ == "__main__":
    sys.exit(main())
