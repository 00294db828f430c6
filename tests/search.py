"""``python tests/search.py [--minutes M] [--seed N] [TESTS...]``: tries the properties with random examples, seed after seed.

A run of the suite tries the same examples each time, so what they miss is missed for good. This runs the properties of ``TESTS`` (default:
all of the pure cores and of the actors under `SimRuntime`) with the seed ``N`` and those that follow it, until ``M`` minutes (30) are over.
Without ``--seed`` it begins with a random one. Prints a line for each seed; at the first that finds something pytest's report follows, with
the command that replays it, and the exit code is 1. What it finds becomes a test of its own, for tomorrow's run has other seeds.
"""

import argparse
import secrets
import shlex
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parent
SEEDS = 2**31


def command(seed: int, tests: list[str]) -> list[str]:
    """What tries the properties of ``tests`` with ``seed``."""
    options = ["-q", "-m", "hypothesis and not processes", "--hypothesis-profile=search", f"--hypothesis-seed={seed}"]
    return [sys.executable, "-m", "pytest", "--config-file", str(TESTS.parent / "pyproject.toml"), *options, *tests]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(SEEDS))
    parser.add_argument("tests", nargs="*", default=[str(TESTS)])
    asked = parser.parse_args(arguments)
    seed, until = asked.seed, time.monotonic() + asked.minutes * 60
    while True:
        began = time.monotonic()
        ran = subprocess.run(command(seed, asked.tests), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if ran.returncode:
            print(f"{ran.stdout}\nseed {seed}: found something (exit {ran.returncode}): {shlex.join(command(seed, asked.tests))}")
            return 1
        print(f"seed {seed}: {ran.stdout.splitlines()[-1]}", flush=True)
        if time.monotonic() * 2 - began > until:  # another would take as long
            return 0
        seed += 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
