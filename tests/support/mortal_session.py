"""An AgentSession whose life ends at an exact point, for tests of what the next one makes of it.

It ends when the state for which a death was ordered is in the journal and told, and nothing after it is written or done. The order lies in
a file in the folder of the journals, so it can be given while the session runs, and holds for one life only.
"""

import ctypes
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from actors.agent_session import AgentSession
from actors.agent_session.conversation import Conversation
from actors.agent_session.core import Answer, Effect, Happened, Push, Write
from protocols import InternalError, StateChanged

MORTAL_SESSION: Final = "support.mortal_session:MortalSession"
_ORDER: Final = "order"


def order_death(folder: Path, state: str, how: str = "kill") -> None:
    """Let the session die when it next enters ``state``, or has written an entry of that name.

    By ``kill`` (SIGKILL), ``segfault`` or an ``exception``.
    """
    unfinished = folder / f"{_ORDER}.new"
    unfinished.write_text(f"{state} {how}", "ascii")
    unfinished.rename(folder / _ORDER)


@dataclass(frozen=True)
class _Death:
    how: str

    def come(self) -> None:
        match self.how:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "segfault":
                ctypes.string_at(0)
            case _:
                raise InternalError("an exception was ordered")


class _MortalConversation(Conversation):
    """See the module."""

    def _perform(self, effects: tuple[Any, ...]) -> None:
        performed: list[Effect] = []
        for effect in effects:
            if isinstance(effect, _Death):
                super()._perform(tuple(performed))
                effect.come()
            if isinstance(effect, Write) and (last := self._last(effect)) is not None:
                super()._perform((*performed, last))
                return
            performed.append(effect)
        super()._perform(tuple(performed))

    def _last(self, write: Write) -> Write | None:
        """As much of ``write`` as there is up to the ordered death, and that death behind it."""
        journal = self._parts.blueprint.journal
        if journal is None or not (order := journal.parent / _ORDER).exists():
            return None
        state, how = order.read_text("ascii").split()
        newest = 0
        for number, entry in enumerate(write.entries, 1):
            newest = entry.number if isinstance(entry, Happened) else newest
            moved = isinstance(entry, Happened) and isinstance(entry.event, StateChanged) and entry.event.new == state
            if moved or type(entry).__name__ == state:
                order.unlink()
                told = [then for then in write.then if _is_before(then, newest)]
                return Write(entries=write.entries[:number], then=(*told, _Death(how)))  # type: ignore[arg-type]  # an effect of this class only
        return None


class MortalSession(AgentSession):
    """See the module."""

    conversation_class = _MortalConversation


def _is_before(effect: Effect, newest: int) -> bool:
    """Whether ``effect`` answers, or tells of what happened up to the event ``newest``."""
    return isinstance(effect, Answer) or (isinstance(effect, Push) and effect.event.number <= newest)
