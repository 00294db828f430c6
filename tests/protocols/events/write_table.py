"""``python tests/protocols/events/write_table.py``: print the table of all events into ``docs/events.md``."""

import sys
from pathlib import Path

import protocols

_REAL = protocols  # before the tests are on the path, whose folders have the same names
sys.path.insert(0, str(Path(__file__).parents[2]))

if __name__ == "__main__":
    from support.event_table import PAGE, event_table, page_with

    PAGE.write_text(page_with(event_table()), "utf-8")
