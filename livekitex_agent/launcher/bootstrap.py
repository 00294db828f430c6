"""The first thing that a launcher runs: find the packages that its starter found, then become the launcher.

It is run by its path, with the number of the lifeline's descriptor as its one argument, and uses nothing but the standard library until it
has read from there where everything else is.
"""

import json
import os
import sys

LENGTH_BYTES = 4


def main() -> None:
    """Read the import path, four bytes of length and JSON, then run the launcher."""
    descriptor = int(sys.argv[1])
    size = int.from_bytes(_read(descriptor, LENGTH_BYTES), "big")
    sys.path[:] = json.loads(_read(descriptor, size))
    from livekitex_agent.launcher.run import run

    run(descriptor)


def _read(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = os.read(descriptor, size - len(data))
        if not more:
            raise SystemExit("the starter has ended")
        data += more
    return data


if __name__ == "__main__":
    main()
