"""The journals of calls: append-only files that anybody may read, a store of them, and what a call is.

What the bodies of a call mean is its session's business; here they are bytes.
"""

from actors.journal.calls import (
    ABANDONED_S,
    description_of,
    disown_call,
    is_unreadable,
    open_calls,
    read_call,
    release_call,
    sweep,
    unreadable,
)
from actors.journal.deriving import derived_record
from actors.journal.description import CallDescription
from actors.journal.files import FileStore
from actors.journal.memory import MemoryStore
from actors.journal.records import (
    BYTES,
    FLAG,
    INTEGER,
    MAP,
    NUMBER,
    TEXT,
    Kind,
    Records,
    RecordType,
    UnknownRecord,
    choice,
    describe_record,
    many,
    maybe,
    nested,
)

__all__ = [
    "ABANDONED_S",
    "BYTES",
    "FLAG",
    "INTEGER",
    "MAP",
    "NUMBER",
    "TEXT",
    "CallDescription",
    "FileStore",
    "Kind",
    "MemoryStore",
    "RecordType",
    "Records",
    "UnknownRecord",
    "choice",
    "derived_record",
    "describe_record",
    "description_of",
    "disown_call",
    "is_unreadable",
    "many",
    "maybe",
    "nested",
    "open_calls",
    "read_call",
    "release_call",
    "sweep",
    "unreadable",
]
