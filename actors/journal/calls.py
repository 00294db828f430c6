"""The calls of a store, as whoever is not a call's session needs them: which are open, what each is, and which nobody needs any more."""

import logging
from dataclasses import replace
from typing import Final

from actors.journal.description import CallDescription
from protocols import CallEntry, DecodeError, ExitKind, ExitReason, JournalError, JournalStore

log = logging.getLogger("livekitex.journal")

ABANDONED_S: Final = 7 * 86_400.0
"""An open call that nobody has written to for so long is given up, and so is what cannot be read."""

_UNREADABLE: Final = "journal: "


def unreadable(failure: JournalError) -> ExitReason:
    """Why a session ends whose journal this program cannot read: nobody starts it again, for it would find the same."""
    return ExitReason(ExitKind.SHUTDOWN, f"{_UNREADABLE}{failure}")


def is_unreadable(reason: ExitReason) -> bool:
    """Whether a session has ended because of `unreadable`."""
    return reason.kind is ExitKind.SHUTDOWN and reason.detail.startswith(_UNREADABLE)


def description_of(entry: CallEntry) -> CallDescription | None:
    """What the call is; None, which is logged, if it cannot be read."""
    problem = entry.problem
    if not problem:
        try:
            return CallDescription.decode(entry.description)
        except DecodeError as failure:
            problem = str(failure)
    log.warning("the journal of a call cannot be read", extra={"call_id": entry.call_id, "reason": problem})
    return None


def open_calls(store: JournalStore, run_id: str) -> tuple[CallDescription, ...]:
    """The calls of the run ``run_id`` that are open, oldest first; one that cannot be read is skipped and logged.

    Raises:
        JournalError: the store cannot be listed.
    """
    calls = (description_of(entry) for entry in store.list() if not entry.ended)
    ours = (call for call in calls if call is not None and call.run_id == run_id and call.is_open)
    return tuple(sorted(ours, key=lambda call: (call.began_wall_s, call.call_id)))


def read_call(store: JournalStore, call_id: str) -> CallDescription | None:
    """What a call is; None if it has no journal, or one that does not say.

    Raises:
        JournalError: it cannot be looked at.
    """
    entry = store.find(call_id)
    return None if entry is None else description_of(entry)


def release_call(store: JournalStore, call_id: str, outcome: str, wall_s: float) -> None:
    """Note that the call has ended with ``outcome`` and belongs to no run any more; without a journal this does nothing.

    Raises:
        JournalError: it cannot be written down.
    """
    description = read_call(store, call_id)
    if description is not None:
        over = replace(description, run_id="", outcome=outcome, ended_wall_s=wall_s)
        store.release(call_id, over.encode(), ended=True)


def disown_call(store: JournalStore, call_id: str) -> None:
    """Note that the call belongs to no run any more, open as it is, until somebody takes it up; else as `release_call`."""
    description = read_call(store, call_id)
    if description is not None:
        store.release(call_id, replace(description, run_id="").encode(), ended=False)


def sweep(store: JournalStore, wall_s: float) -> tuple[str, ...]:
    """Remove the calls whose retention is over at ``wall_s``, and abandoned ones; gives their ids.

    What cannot be removed now is left for the next time, and so is a call that somebody takes up meanwhile.
    """
    removed = []
    for entry in store.list():
        if _due_wall_s(entry) <= wall_s:
            try:
                if store.remove(entry.call_id, incarnation=entry.incarnation):
                    removed.append(entry.call_id)
            except JournalError as failure:
                log.warning("a journal cannot be removed", extra={"call_id": entry.call_id, "reason": str(failure)})
    return tuple(removed)


def _due_wall_s(entry: CallEntry) -> float:
    description = description_of(entry) if entry.ended else None
    return entry.written_wall_s + ABANDONED_S if description is None else description.ended_wall_s + description.retention_s
