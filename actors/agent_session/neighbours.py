"""Those whom a session talks to by name. It needs none of them: while one is not there, nothing waits for it."""

from collections.abc import Callable
from typing import Final

from protocols import Message, NameChanged, Ref, WatchNames
from supervision import Context

TOOL_REGISTRY: Final = "tool_registry"
AUDIO_PROCESSOR: Final = "audio_processor"
CIRCUIT_BREAKERS: Final = "circuit_breakers"


class Neighbours:
    """Knows who has each of the ``names`` now, from the registry of ``context``."""

    def __init__(self, context: Context, names: tuple[str, ...]) -> None:
        self._context = context
        self._names = names
        self._met: dict[str, Ref] = {}

    def watch(self) -> None:
        """Have the registry tell who they are, now and whenever that changes; it forgets who watches when it restarts."""
        if self._context.registry is not None:
            for name in self._names:
                self._context.send(self._context.registry, WatchNames(prefix=name))

    def changed(self, change: NameChanged) -> None:
        """One of them is there, or is gone."""
        if change.ref is None:
            self._met.pop(change.name, None)
        else:
            self._met[change.name] = change.ref

    def tell(self, name: str, message: Message) -> None:
        """Send ``message``, also to one of whom nothing was heard yet; it is lost when nobody is there."""
        if name in self._met:
            self._context.send(self._met[name], message)
        else:
            self._context.send_name(name, message)

    def ask(self, name: str, message: Message, *, timeout_s: float, then: Callable[[Message | None], None]) -> None:
        """Ask one who is there; otherwise ``then`` is called at once, with None."""
        if name in self._met:
            self._context.ask(self._met[name], message, timeout_s=timeout_s, then=then)
        else:
            then(None)
