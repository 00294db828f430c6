"""Announces the children of one supervisor in the registry, and brings the registry's address to everybody below."""

from dataclasses import dataclass, field

from protocols import ExitReason, Ref, RegisterName, RegistryChanged, UnregisterName
from supervision.actor import Context
from supervision.core import ChildSpec


@dataclass(slots=True)
class Announcements:
    """Who lives here, by uid, and under which name. The registry itself may restart: then everybody is announced again."""

    context: Context
    living: dict[str, tuple[Ref, str]] = field(default_factory=dict)

    def up(self, child: Ref, spec: ChildSpec) -> None:
        """A child is up. If it is the registry, this supervisor is told of it like everybody else: by message."""
        self.living[child.uid] = (child, spec.name)
        if spec.is_registry:
            self.context.send(self.context.self_ref, RegistryChanged(registry=child))
        self._announce(child, spec.name)

    def down(self, uid: str, spec: ChildSpec, reason: ExitReason, *, final: bool) -> None:
        """An incarnation is over, or will after all not be followed by another (``final``)."""
        self.living.pop(uid, None)
        registry = self.context.registry
        if spec.name and registry is not None:
            self.context.send(registry, UnregisterName(name=spec.name, uid=uid, reason=str(reason), final=final))

    def registry_changed(self) -> None:
        """There is another registry: tell everybody around of it, then tell it who lives here."""
        registry = self.context.registry
        if registry is None:
            return
        neighbours = [child for child, _name in self.living.values()]
        if self.context.parent is not None:
            neighbours.append(self.context.parent)
        for neighbour in neighbours:
            if neighbour != self.context.sender:
                self.context.send(neighbour, RegistryChanged(registry=registry))
        for child, name in self.living.values():
            self._announce(child, name)

    def _announce(self, child: Ref, name: str) -> None:
        registry = self.context.registry
        if name and registry is not None:
            self.context.send(registry, RegisterName(name=name, ref=child))
