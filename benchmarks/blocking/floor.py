"""The floor: how late a bare thread is woken that does nothing but wait, beside a thread that blocks.

``python -m benchmarks.blocking.floor BLOCK TIMES``
"""

import json
import sys
import threading
import time

from benchmarks.blocking.blocks import BLOCKS

WAKE_S = 0.02
PAUSE_S = 0.5


def main() -> None:
    """Print for each block how late the thread was at worst, in milliseconds."""
    name, times = sys.argv[1], int(sys.argv[2])
    sys.setswitchinterval(0.001)
    block = BLOCKS[name]()
    late: list[float] = []

    def wait() -> None:
        due = time.monotonic()
        while True:
            due = max(due + WAKE_S, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
            late.append((time.monotonic() - due) * 1000)

    threading.Thread(target=wait, daemon=True).start()
    worst = []
    for _ in range(times):
        time.sleep(PAUSE_S)
        late.clear()
        block()
        time.sleep(PAUSE_S)
        worst.append(max(late))
    print(json.dumps(worst))


if __name__ == "__main__":
    main()
