"""What a supervisor may start: a list that is made when it starts itself, so no message brings an import that the tree does not know."""

from collections.abc import Iterable, Mapping
from typing import Any

from supervision.core.child_spec import ChildSpec


def startable(specs: Iterable[ChildSpec], may_start: Iterable[str]) -> frozenset[str]:
    """The list of a supervisor with these children: what starting them would load, and what else its own specification names."""
    return frozenset(may_start).union(*map(loaded_by, specs))


def loaded_by(spec: ChildSpec) -> frozenset[str]:
    """Every class and function (``module:name``) that starting ``spec`` would load, its own and those of all below it."""
    found: set[str] = set()
    waiting: list[tuple[object, object]] = [(spec.actor, spec.args)]
    while waiting:
        actor, args = waiting.pop()
        found.add(str(actor))
        if isinstance(args, Mapping):
            found.update(str(name) for key in ("may_start", "preload") for name in _list(args, key))
            children = (child for child in _list(args, "children") if isinstance(child, Mapping))
            waiting.extend((child.get("actor"), child.get("args")) for child in children)
    return frozenset(found)


def _list(args: Mapping[str, Any], key: str) -> Iterable[object]:
    value = args.get(key)
    return value if isinstance(value, list | tuple) else ()
