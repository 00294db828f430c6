"""The ToolRegistry actor: it keeps the catalogue. A new incarnation begins empty; sessions register their tools when they start."""

from collections.abc import Mapping
from typing import Any

from actors.tool_registry.catalogue import Catalogue, register, unregister, used
from protocols import (
    ErrorReply,
    Figures,
    GetFigures,
    ListTools,
    LivekitexError,
    Message,
    RegisterTools,
    ToolEntry,
    Tools,
    ToolsRegistered,
    ToolUsed,
    UnregisterTool,
)
from supervision import Actor


class ToolRegistry(Actor):
    """Tools by name, with their schemas and figures."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Begin empty. Takes no arguments."""
        del args
        self._catalogue = Catalogue()

    def on_message(self, message: Message) -> None:
        """Serve the messages about tools; others are dropped."""
        match message:
            case RegisterTools(tools=tools):
                self._register(tools)
            case UnregisterTool(name=name):
                self._catalogue = unregister(self._catalogue, name)
                self.context.reply(self._registered())
            case ListTools(prefix=prefix):
                self.context.reply(Tools(tools=self._catalogue.list_tools(prefix)))
            case ToolUsed(name=name, ok=ok, duration_ms=duration_ms):
                self._catalogue = used(self._catalogue, name, duration_ms, ok=ok)
            case GetFigures():
                self.context.reply(Figures(role="tool_registry", figures=self._figures()))
            case _:
                super().on_message(message)

    def _register(self, tools: tuple[ToolEntry, ...]) -> None:
        try:
            self._catalogue = register(self._catalogue, tools)
        except LivekitexError as failure:
            self.context.reply(ErrorReply.of(failure))
        else:
            self.context.reply(self._registered())

    def _registered(self) -> ToolsRegistered:
        return ToolsRegistered(known=len(self._catalogue.tools))

    def _figures(self) -> dict[str, float]:
        tools = self._catalogue.tools.values()
        return {
            "tools": len(tools),
            "calls": sum(tool.calls for tool in tools),
            "failures": sum(tool.failures for tool in tools),
            "total_ms": sum(tool.total_ms for tool in tools),
            "unknown_uses": self._catalogue.unknown_uses,
        }
