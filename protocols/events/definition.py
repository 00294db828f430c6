"""How an event is defined: a class below `SessionEvent`, decorated with `session_event`. Everything else follows from that.

The decorator enters the class in the registry, from which are derived: the union that travels in `EventPushed` (`protocols.codec` reads the
registry at each value), its tag on the wire, its record in a call's journal, its golden bytes, the exports of `protocols` and
`livekitex_agent.events`, the table in ``docs/events.md``. So an event touches two files, the one that defines it and the one in which it
happens; the commands named in ``docs/events.md`` print what is kept of it for later versions.

What is kept: an event has a number in its call, is journalled, and reaches each subscriber once and in order through all incarnations.
Where a class says ``kept=False`` (progress, interim texts, what other events tell for good) its events have no number of their own and
stand in no journal. They carry the number of the kept event before them, reach whoever follows the call at that moment, in order with the
kept ones, and nobody else: not who subscribes later, not who is behind. So the numbers of kept events have no gaps.

Fields are texts, numbers, flags, `enum.StrEnum`, another frozen dataclass, ``X | None`` or ``tuple[X, ...]``. Which turn, speech, call and
incarnation an event belongs to, and when it was, stands around it (`EventPushed`); a class names a turn or a speech only where it is about
one that need not be the one under way. A field that is added later needs a default, which stays for ever.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar, dataclass_transform, overload

from protocols.errors import InternalError

__all__ = ["SessionEvent", "event_types", "session_event"]


class SessionEvent:
    """What happens in a call, as its subscribers see it."""

    __slots__ = ()

    TAG: ClassVar[str]
    NAME: ClassVar[str]
    """What it is called in a journal and in the docs."""
    KEPT: ClassVar[bool]
    """Whether it has a number and stands in the journal."""
    TAGGED: ClassVar[dict[str, "type[SessionEvent]"]] = {}
    """All events by their tags, in the order of their definition."""

    @property
    def kept(self) -> bool:
        """Whether this one is; a class of which only some are kept decides it here."""
        return self.KEPT


E = TypeVar("E", bound=SessionEvent)

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@overload
def session_event(cls: type[E], /) -> type[E]: ...
@overload
def session_event(*, kept: bool = True, name: str = "") -> Callable[[type[E]], type[E]]: ...
@dataclass_transform(kw_only_default=True, frozen_default=True)
def session_event(cls: type[E] | None = None, /, *, kept: bool = True, name: str = "") -> type[E] | Callable[[type[E]], type[E]]:
    """Make a class an event: frozen, keyword-only, in the registry under ``name`` (its own name in small letters, if empty).

    A class that is renamed keeps its ``name``, or journals that hold it are not understood.

    Raises:
        InternalError: there is another event of this name, or the class is not derived from `SessionEvent` alone.
    """

    def define(cls: type[E]) -> type[E]:
        if cls.__bases__ != (SessionEvent,):
            raise InternalError(f"the event {cls.__name__} is to be derived from SessionEvent, and from nothing else")
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.NAME = name or _WORD.sub("_", cls.__name__).lower()
        made.TAG, made.KEPT = f"ev.{made.NAME}", kept
        if made.TAG in SessionEvent.TAGGED:
            raise InternalError(f"there are two events of the name {made.NAME}: give one of them another")
        SessionEvent.TAGGED[made.TAG] = made
        return made

    return define if cls is None else define(cls)


def event_types() -> tuple[type[SessionEvent], ...]:
    """The classes of all events, in the order of their definition."""
    return tuple(SessionEvent.TAGGED.values())
