"""A plain actor that follows a call by address: what any actor has to do for that, and no more."""

from collections.abc import Mapping
from typing import Any

from protocols import EventPushed, EventsMissed, Message, NameChanged, Subscribe, WatchNames
from supervision import Actor


class Auditor(Actor):
    """Keeps each event of the call ``args["call_id"]`` once, in order, through all incarnations of its session."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        self.events: list[EventPushed] = []
        self._session = f"agent_session/{args['call_id']}"
        self._next_number = 1
        self.on_registry_changed()

    def on_registry_changed(self) -> None:
        """Ask the registry, and every one after it, to tell where the session is."""
        if self.context.registry is not None:
            self.context.send(self.context.registry, WatchNames(prefix=self._session))

    def on_message(self, message: Message) -> None:
        """Subscribe to each incarnation from the event on that is wanted next; drop what was there before."""
        match message:
            case NameChanged(name=self._session, ref=ref) if ref is not None:
                self.context.send(ref, Subscribe(from_number=self._next_number, audio=False))
            case EventPushed(number=number, event=event):
                missed = event.count if isinstance(event, EventsMissed) else 1
                if number >= self._next_number >= number - missed + 1:
                    self._next_number = number + 1
                    self.events.append(message)
