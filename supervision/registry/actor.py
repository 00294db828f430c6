"""The Registry actor: it keeps the table and tells the watchers. A new incarnation begins empty; the supervisors fill it again."""

from collections.abc import Mapping
from typing import Any

from protocols import (
    Figures,
    Found,
    GetFigures,
    ListNames,
    Lookup,
    Message,
    RegisterName,
    UnregisterName,
    WatchNames,
)
from supervision.actor import Actor
from supervision.registry.names import NameTable, Step, register, unregister, watch


class Registry(Actor):
    """Names and the incarnations behind them.

    A watcher that hears of a new registry (`Actor.on_registry_changed`) asks it again: watches end with the registry.
    """

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Begin empty. Takes no arguments."""
        del args
        self._table = NameTable()

    def on_message(self, message: Message) -> None:
        """Serve the registry's messages; others are dropped."""
        sender = self.context.sender
        match message:
            case RegisterName(name=name, ref=ref):
                self._take(register(self._table, name, ref, sender.uid if sender else ""))
            case UnregisterName(name=name, uid=uid, reason=reason, final=final):
                self._take(unregister(self._table, name, uid, reason, final=final))
            case Lookup(name=name):
                self.context.reply(Found(name=name, ref=self._table.lookup(name)))
            case ListNames(prefix=prefix, after=after):
                self.context.reply(self._table.list_names(prefix, after))
            case WatchNames(prefix=prefix) if sender is not None:
                self._take(watch(self._table, sender, prefix))
            case GetFigures():
                self.context.reply(Figures(role="registry", figures=self._figures()))
            case _:
                super().on_message(message)

    def _take(self, step: Step) -> None:
        self._table, notices = step
        for notice in notices:
            self.context.send(notice.to, notice.change)

    def _figures(self) -> dict[str, int]:
        table = self._table
        return {
            "names": len(table.entries),
            "watches": len(table.watches),
            "refused": table.refused,
            "watches_dropped": table.watches_dropped,
        }
