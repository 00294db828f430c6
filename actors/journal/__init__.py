"""The journals of calls: append-only files that anybody may read, a store of them, and what a call is.

What the bodies of a call mean is its session's business; here they are bytes.
"""

from actors.journal.calls import ABANDONED_S, describe, disown_call, open_calls, read_call, record_of, release_call, sweep
from actors.journal.files import FileStore
from actors.journal.memory import MemoryStore
from actors.journal.record import CallRecord

__all__ = [
    "ABANDONED_S",
    "CallRecord",
    "FileStore",
    "MemoryStore",
    "describe",
    "disown_call",
    "open_calls",
    "read_call",
    "record_of",
    "release_call",
    "sweep",
]
