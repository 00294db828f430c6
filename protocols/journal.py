"""The port of the calls' journals: what any store of them promises, in files or in a database.

A call's journal is a sequence of *batches* of opaque bodies, preceded by an opaque description of the call. Each process that takes up a
call *claims* it, under an incarnation that is higher than any before. From then on no older incarnation has anything confirmed any more,
and whatever had been confirmed to one, the claimer has read. A claim begins with a checkpoint: all that is still needed, so what older
incarnations wrote can go. Everything here blocks and belongs on a thread that may.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

__all__ = [
    "CONFIRMED",
    "MAX_BODY_BYTES",
    "AppendResult",
    "Appended",
    "CallEntry",
    "ClaimedJournal",
    "Durability",
    "JournalContent",
    "JournalStore",
    "accept_any",
]

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
"""The longest body that a store takes."""


class Durability(StrEnum):
    """What a confirmed batch survives."""

    PROCESS = "process"
    """The death of the process, by whatever signal; after a power cut the last seconds may be missing."""
    DISK = "disk"
    """A power cut too: each batch is synced before it is confirmed."""
    MEMORY = "memory"
    """Nothing: it is kept in the process's memory."""


class AppendResult(StrEnum):
    """What became of a batch."""

    CONFIRMED = "confirmed"
    """It is in the journal, and every later claimer reads it."""
    FENCED = "fenced"
    """A newer incarnation has the call: nothing of this one is confirmed any more, and its process must end."""
    UNAVAILABLE = "unavailable"
    """It is not in the journal (no room, no permission): it may be appended again, under the same sequence."""
    UNKNOWN = "unknown"
    """Whether it is in the journal cannot be told; only a checkpoint makes the journal whole again."""


@dataclass(frozen=True, slots=True)
class Appended:
    """The answer of a store; ``reason`` says what to do about anything but a confirmation."""

    result: AppendResult
    reason: str = ""

    @property
    def confirmed(self) -> bool:
        """Whether it is in the journal."""
        return self.result is AppendResult.CONFIRMED


CONFIRMED: Final = Appended(AppendResult.CONFIRMED)
"""It is in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """A call as a list shows it. ``description`` is what its newest claimer or `end` wrote, ``written_wall_s`` when anything was written.

    ``problem`` says why the journal cannot be read (empty: it can); then ``description`` may be empty.
    """

    call_id: str
    description: bytes = b""
    ended: bool = False
    incarnation: int = 0
    written_wall_s: float = 0.0
    size_bytes: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalContent:
    """What a journal holds: the ``bodies`` from its newest checkpoint on, oldest first.

    ``report`` tells of damage (empty: there is none), because of which the newest ``lost`` bodies are not there (None: not known how many).
    """

    description: bytes = b""
    ended: bool = False
    incarnation: int = 0
    bodies: tuple[bytes, ...] = ()
    report: str = ""
    lost: int | None = 0


def accept_any(past: JournalContent) -> None:
    """The judge of a claim that takes any past."""
    del past


class ClaimedJournal(Protocol):
    """A call's journal in the hands of one incarnation. Use it from one thread.

    A batch's ``sequence`` is one more than that of the batch before; the first has 1. A batch that was confirmed under its sequence is
    confirmed again when it is repeated, and not written twice.
    """

    @property
    def incarnation(self) -> int:
        """The number of this incarnation."""
        ...

    @property
    def past(self) -> JournalContent:
        """What the incarnations before this one left."""
        ...

    @property
    def failure(self) -> str:
        """Why the claim could not be written down (empty: it is). Until a checkpoint is confirmed no batch is, and nobody is fenced."""
        ...

    def append(self, sequence: int, bodies: Sequence[bytes]) -> Appended:
        """Add a batch: all of it is kept, or nothing."""
        ...

    def checkpoint(self, sequence: int, bodies: Sequence[bytes]) -> Appended:
        """Replace all that the journal holds by this batch. Makes good whatever failed before it."""
        ...

    def end(self, sequence: int, description: bytes) -> Appended:
        """Note that the call is over, and what it was."""
        ...

    def close(self) -> None:
        """Give up the journal as it is; calling it again does nothing."""
        ...


class JournalStore(Protocol):
    """Journals by call id: letters, digits, ``-``, ``_`` and ``.``, not beginning with ``.``."""

    def claim(
        self, call_id: str, description: bytes, *, nonce: str, above: int = 0, judge: Callable[[JournalContent], None] = accept_any
    ) -> ClaimedJournal:
        """Take up the call, or begin it, under an incarnation higher than ``above`` and than any that the journal knows.

        ``nonce`` names this claim: the same one again gives the same incarnation. ``judge`` is called once with the past, before anything
        of the journal is changed; what it raises undoes the claim, though an owner may have been fenced meanwhile. Where the store cannot
        be written the journal is given all the same, with its ``failure``, and whatever past can be read.

        Raises:
            JournalError: a later program wrote the journal, or it belongs to another user: it is left as it is; not retryable.
            Exception: whatever ``judge`` raises.
        """
        ...

    def read(self, call_id: str) -> JournalContent | None:
        """What the journal holds now; None if there is none. Disturbs no owner.

        Raises:
            JournalError: it cannot be read (retryable), or a later program wrote it.
        """
        ...

    def list(self) -> tuple[CallEntry, ...]:
        """The calls, those written last first, as far as the store's bound goes. Reads the ends of each journal only."""
        ...

    def find(self, call_id: str) -> CallEntry | None:
        """The call as `list` shows it; None if there is no journal."""
        ...

    def release(self, call_id: str, description: bytes, *, ended: bool) -> None:
        """Describe the call anew, on behalf of nobody: this is a claim, so whoever had the call is fenced. Without a journal: nothing.

        Raises:
            JournalError: it cannot be written down.
        """
        ...

    def remove(self, call_id: str, *, incarnation: int | None = None) -> bool:
        """Remove the journal: a claim as well. With ``incarnation``, only if that is the newest. Tells whether it was removed.

        Raises:
            JournalError: the disk does not let it be removed; what is left of it is no call any more.
        """
        ...
