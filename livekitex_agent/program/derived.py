"""What a program's runtime makes of something that a session or an agent has: once for each, so that the call can tell what is the same."""

from collections.abc import Callable
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

T = TypeVar("T")


class Derived:
    """Used on the program's loop. What was made is kept as long as its holder."""

    def __init__(self) -> None:
        self._made: WeakKeyDictionary[object, dict[str, tuple[object, Any]]] = WeakKeyDictionary()

    def of(self, holder: object, name: str, source: object, make: Callable[[], T]) -> T:
        """What ``make`` gives as the ``name`` that ``holder`` has of ``source``: the same until that is another object."""
        made = self._made.setdefault(holder, {})
        before = made.get(name)
        if before is not None and before[0] is source:
            return cast("T", before[1])
        result = make()
        made[name] = (source, result)
        return result
