"""Who has which name, and who is told of changes.

Pure: every function returns the next table and the notices to send, in their order. A name lives no longer than its actor, and no longer
than the supervisor that announced it: when an incarnation ends, everything that it had announced ends with it, since a supervisor that is
killed unregisters nobody. An incarnation that has ended never comes back, even if a late word of it does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from protocols import Found, NameChanged, Names, Ref, shorten_reason

MAX_NAMES: Final = 4096
"""Names of one node; a further one is refused and counted."""

MAX_LISTED: Final = 2048
"""Names of one `Names` message; with the lengths below they fit into it."""

MAX_NAME_BYTES: Final = 128
"""Longest name, prefix or actor id in bytes of UTF-8; anything longer is refused and counted."""

MAX_ADDRESS_BYTES: Final = 64
"""Longest uid or address in bytes of UTF-8; anything longer is refused and counted."""

MAX_WATCHES: Final = 8192
"""Watches of one node; a further one replaces the oldest. Twice as many as names: each session watches a few of its neighbours."""

MAX_ENDED: Final = 1024
"""Incarnations remembered as ended, newest first to stay: enough for every message that may still be under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The incarnation that has a name, and the uid of the supervisor that said so (empty if nobody signed)."""

    ref: Ref
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """``watcher`` is told of each change of a name that begins with ``prefix``."""

    watcher: Ref
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A change, and whom to tell."""

    to: Ref
    change: NameChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTable:
    """All names, the watches (oldest first), the incarnations known to have ended (oldest first), and what the bounds refused."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    watches: tuple[Watch, ...] = ()
    ended: tuple[str, ...] = ()
    refused: int = 0
    watches_dropped: int = 0

    def lookup(self, name: str) -> Ref | None:
        """Who has ``name``."""
        entry = self.entries.get(name)
        return entry.ref if entry else None

    def list_names(self, prefix: str, after: str = "") -> Names:
        """The first names behind ``after`` that begin with ``prefix``."""
        found = [one for one in self.found(prefix) if one.name > after]
        return Names(found=tuple(found[:MAX_LISTED]), more=len(found) > MAX_LISTED)

    def found(self, prefix: str) -> tuple[Found, ...]:
        """The names that begin with ``prefix``, in alphabetical order."""
        return tuple(Found(name=name, ref=self.entries[name].ref) for name in sorted(self.entries) if name.startswith(prefix))


Step = tuple[NameTable, tuple[Notice, ...]]


def register(table: NameTable, name: str, ref: Ref, owner: str = "") -> Step:
    """``name`` is now ``ref``, says the supervisor ``owner``.

    An earlier incarnation under that name has ended, and all that it had announced. Said again it changes nothing and tells nobody. Refused
    beyond the bounds. What a dead supervisor announces is dead too.
    """
    earlier = table.entries.get(name)
    if earlier is not None and earlier.ref == ref:
        return table, ()
    if not _fits(name, ref) or (earlier is None and len(table.entries) >= MAX_NAMES):
        return replace(table, refused=table.refused + 1), ()
    orphans: tuple[str, ...] = ()
    if earlier is not None and earlier.ref.uid != ref.uid and not _dead(table, ref, owner):
        table, orphans = _bury(table, earlier.ref.uid)
    if _dead(table, ref, owner):  # a late word, or the new incarnation was announced by the one that it replaces
        table, more = _bury(table, ref.uid)
        return table, _notices(table, _orphaned(name, orphans + more))
    table = replace(table, entries={**table.entries, name: Entry(ref=ref, owner=owner)})
    others = tuple(orphan for orphan in orphans if orphan != name)
    return table, _notices(table, [NameChanged(name=name, ref=ref), *_orphaned(name, others)])


def unregister(table: NameTable, name: str, uid: str, reason: str, *, final: bool) -> Step:
    """The incarnation ``uid`` of ``name`` has ended for ``reason``, and all that it had announced.

    Ignored when the name belongs to another incarnation. When nobody has the name any more, only a ``final`` end is still news.
    """
    entry = table.entries.get(name)
    if entry is not None and entry.ref.uid != uid:
        return table, ()
    orphans: tuple[str, ...] = ()
    if entry is not None:
        table, orphans = _bury(table, uid)
    elif not final or not _fits(name, Ref(id="", uid=uid, address="")):
        return table, ()
    others = tuple(orphan for orphan in orphans if orphan != name)
    end = NameChanged(name=name, ref=None, reason=shorten_reason(reason), final=final)
    return table, _notices(table, [end, *_orphaned(name, others)])


def watch(table: NameTable, watcher: Ref, prefix: str) -> Step:
    """Tell ``watcher`` of the present names that begin with ``prefix``, and from now on of each change.

    Asked again it begins anew. An earlier incarnation of the same watcher is told nothing more.
    """
    if watcher.uid in table.ended:
        return table, ()
    if not _fits(prefix or " ", watcher):
        return replace(table, refused=table.refused + 1), ()
    kept = [other for other in table.watches if other.watcher.id != watcher.id or (other.watcher == watcher and other.prefix != prefix)]
    kept.append(Watch(watcher=watcher, prefix=prefix))
    dropped = max(0, len(kept) - MAX_WATCHES)
    table = replace(table, watches=tuple(kept[dropped:]), watches_dropped=table.watches_dropped + dropped)
    present = table.found(prefix)
    return table, tuple(Notice(to=watcher, change=NameChanged(name=found.name, ref=found.ref)) for found in present)


def _fits(name: str, ref: Ref) -> bool:
    texts = ((name, MAX_NAME_BYTES), (ref.id, MAX_NAME_BYTES), (ref.uid, MAX_ADDRESS_BYTES), (ref.address, MAX_ADDRESS_BYTES))
    return bool(name) and all(len(text.encode()) <= limit for text, limit in texts)


def _dead(table: NameTable, ref: Ref, owner: str) -> bool:
    return ref.uid in table.ended or owner in table.ended


def _bury(table: NameTable, uid: str) -> tuple[NameTable, tuple[str, ...]]:
    """The table after the end of ``uid``: without its names, its watches, and whatever an incarnation announced that ends with it."""
    gone = {uid}
    entries = dict(table.entries)
    names: list[str] = []
    while ending := [name for name, entry in entries.items() if entry.ref.uid in gone or entry.owner in gone]:
        gone |= {entries.pop(name).ref.uid for name in ending}
        names += ending
    watches = tuple(other for other in table.watches if other.watcher.uid not in gone)
    ended = (*(other for other in table.ended if other not in gone), *sorted(gone))[-MAX_ENDED:]
    return replace(table, entries=entries, watches=watches, ended=ended), tuple(names)


def _orphaned(name: str, orphans: Iterable[str]) -> list[NameChanged]:
    return [NameChanged(name=orphan, ref=None, reason=f"error:{name} ended") for orphan in orphans]


def _notices(table: NameTable, changes: Iterable[NameChanged]) -> tuple[Notice, ...]:
    """Each change to each watcher once, however many of its prefixes match."""
    return tuple(
        Notice(to=watcher, change=change)
        for change in changes
        for watcher in dict.fromkeys(watch.watcher for watch in table.watches if change.name.startswith(watch.prefix))
    )
