"""Who has which name, as the gateway last heard. Pure; it goes on with what it knows while the registry restarts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from protocols import Found, NameChanged, Ref

GONE = "gone while the registry was restarting"


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Name to incarnation; a name that nobody has is absent."""

    incarnations: Mapping[str, Ref] = field(default_factory=lambda: MappingProxyType({}))

    def find(self, name: str) -> Ref | None:
        """The incarnation that has ``name``, or None."""
        return self.incarnations.get(name)

    def changed(self, change: NameChanged) -> "KnownNames":
        """After the registry told of ``change``."""
        incarnations = dict(self.incarnations)
        if change.ref is None:
            incarnations.pop(change.name, None)
        else:
            incarnations[change.name] = change.ref
        return KnownNames(MappingProxyType(incarnations))

    def reconciled(self, found: Iterable[Found]) -> tuple["KnownNames", tuple[NameChanged, ...]]:
        """After a new registry listed all names, ``found``; the changes are the ends that nobody could tell while there was no registry."""
        present = {one.name for one in found}
        gone = tuple(name for name in self.incarnations if name not in present)
        kept = MappingProxyType({name: ref for name, ref in self.incarnations.items() if name in present})
        return KnownNames(kept), tuple(NameChanged(name=name, ref=None, reason=GONE) for name in gone)
