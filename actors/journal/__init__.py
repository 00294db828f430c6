"""The journals of calls: one SQLite file for each, its format, its integrity, and a folder of them.

What the entries of a call mean is its session's business; here they are bytes.
"""

from actors.journal.file import Claim, JournalFile
from actors.journal.folder import call_path, disown_call, open_calls, read_call, release_call
from actors.journal.record import CallRecord
from actors.journal.rows import Item
from actors.journal.schema import SCHEMA_VERSION
from actors.journal.sweeping import ABANDONED_S, sweep

__all__ = [
    "ABANDONED_S",
    "SCHEMA_VERSION",
    "CallRecord",
    "Claim",
    "Item",
    "JournalFile",
    "call_path",
    "disown_call",
    "open_calls",
    "read_call",
    "release_call",
    "sweep",
]
