"""The ways in which user code blocks its event loop, for about `BLOCK_S` each. Plain Python: both sides and the floor import it."""

import json
import re
import time
from collections.abc import Callable
from typing import Final

Block = Callable[[], object]

BLOCK_S: Final = 2.0
NUMBERS: Final = 5_000_000
DOCUMENT_BYTES: Final = 60_000_000


def _idle() -> Block:
    """What a call is like without a block."""
    return lambda: None


def _sleep() -> Block:
    """What releases the interpreter's lock: ``requests``, a driver of a database, a file."""
    return lambda: time.sleep(BLOCK_S)


def _pure_python() -> Block:
    """What runs Python."""

    def count() -> None:
        until, number = time.monotonic() + BLOCK_S, 0
        while time.monotonic() < until:
            number += 1

    return count


def _sort() -> Block:
    """One call that holds the lock."""
    numbers = [(number * 7_919) % 1_000_003 / 3 for number in range(NUMBERS)]
    return lambda: sorted(numbers)


def _json_loads() -> Block:
    """A document of 60 MB; reading it holds the lock, but where a garbage collection runs Python, as our monitor's."""
    item = json.dumps({"name": "pizza", "sizes": ["small", "large"], "price": 9.5, "text": "x" * 400})
    document = "[" + ",".join([item] * (DOCUMENT_BYTES // len(item))) + "]"
    return lambda: json.loads(document)


def _regular_expression() -> Block:
    """A pattern that tries everything there is; it holds the lock."""
    pattern, letters = re.compile(r"(a+)+$"), "a" * 18
    while True:
        letters += "a"  # each doubles the time
        began = time.monotonic()
        pattern.match(letters + "b")
        if time.monotonic() - began > BLOCK_S / 3:
            return lambda: pattern.match(letters + "b")


BLOCKS: Final[dict[str, Callable[[], Block]]] = {
    make.__name__.lstrip("_"): make for make in (_idle, _sleep, _pure_python, _sort, _json_loads, _regular_expression)
}
"""Each makes what it works on, which takes seconds, and returns what blocks."""
RELEASED: Final = ("idle", "sleep", "pure_python")
"""Those that give the lock to others; the others hold it."""
