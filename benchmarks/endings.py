"""Every ending of a program with a running call: ``python -m benchmarks.endings [WORD...]``, those whose names hold a word.

Printed for each: the exit code, how long after the end of the program itself the last process of its system was gone, what was left 5 s
later (processes found by a mark that each inherits in its environment, listening sockets, files in the temporary folders and in /dev/shm),
how many files of the call's journal stay, and the last thing that the program said. Exits with 1 if anything was left, or was not as it is
described in the table.
"""

import sys
import tempfile
from pathlib import Path

from support import endings
from support.leftovers import SETTLE_S

HEADS = f"{'ending':<54} {'exit':>4} {'gone after ms':>13} {'processes':>9} {'ports':>5} {'files':>5} {'journal':>7}  exit message"


def main(words: list[str]) -> int:
    """Measure and print."""
    print(HEADS)
    chosen = [ending for name, ending in endings.ENDINGS.items() if not words or any(word in name for word in words)]
    wrong = [problem for ending in chosen for problem in _row(ending)]
    for problem in wrong:
        print(f"WRONG {problem}")
    print(f"{len(chosen)} endings, {len(wrong)} wrong")
    return int(bool(wrong))


def _row(ending: endings.Ending) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        seen = endings.end(ending, Path(folder), within_s=SETTLE_S)
    left = seen.left
    figures = f"{len(left.processes):>9} {len(left.ports):>5} {len(left.files):>5} {seen.journals:>7}"
    code = "-" if seen.code is None else seen.code
    print(f"{ending.name:<54} {code:>4} {seen.took_s * 1000:>13.0f} {figures}  {seen.exit_message[:160] or '-'}", flush=True)
    return endings.problems(ending, seen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
