"""Names and addresses. Only supervisors register names: for the children that they start."""

from dataclasses import dataclass
from typing import ClassVar

from protocols.ref import Ref

__all__ = ["Found", "ListNames", "Lookup", "NameChanged", "Names", "RegisterName", "UnregisterName", "WatchNames"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterName:
    """``name`` is now ``ref``; replaces an earlier incarnation under that name."""

    TAG: ClassVar[str] = "registry.register"
    name: str
    ref: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class UnregisterName:
    """The incarnation ``uid`` of ``name`` has ended for ``reason``; ignored when the name belongs to another incarnation by now.

    ``final`` tells that its supervisor will not start it again.
    """

    TAG: ClassVar[str] = "registry.unregister"
    name: str
    uid: str
    reason: str
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Ask who ``name`` is; answered with `Found`."""

    TAG: ClassVar[str] = "registry.lookup"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer: ``ref`` is None while nobody has the name."""

    TAG: ClassVar[str] = "registry.found"
    name: str
    ref: Ref | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchNames:
    """Tell the sender of each change of a name that begins with ``prefix``; the present ones are told at once."""

    TAG: ClassVar[str] = "registry.watch"
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameChanged:
    """To a watcher: ``name`` is ``ref`` now, or nobody (with the ``reason`` of the end, and whether it is ``final``)."""

    TAG: ClassVar[str] = "registry.changed"
    name: str
    ref: Ref | None
    reason: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNames:
    """Ask for the names that begin with ``prefix`` and come behind ``after`` (empty: from the first on); answered with `Names`."""

    TAG: ClassVar[str] = "registry.list"
    prefix: str
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names in alphabetical order, each with its present incarnation; whether there are ``more`` behind the last of them."""

    TAG: ClassVar[str] = "registry.names"
    found: tuple[Found, ...]
    more: bool = False
