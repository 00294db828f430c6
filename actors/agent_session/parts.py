"""What a session works with, once it is made."""

from dataclasses import dataclass, replace

from actors.agent_session.blueprint import Blueprint
from actors.agent_session.engine import Providers
from actors.tools import FunctionTool
from protocols import ChatContext, Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an incarnation works with, as ``blueprint`` describes it: its providers, its tools by name, what keeps things from leaving it.

    ``agent`` is the agent that the call was handed to, as it travels (JSON; empty: the one it began with), and ``context`` what it knows of
    the conversation when it gets the call (None: all of it).
    """

    blueprint: Blueprint
    providers: Providers
    tools: dict[str, FunctionTool]
    redactor: Redactor | None = None
    agent: str = ""
    context: ChatContext | None = None

    def with_tools_of(self, before: "Parts") -> "Parts":
        """These, and the tools of ``before`` that they have not."""
        wires = tuple(wire for wire in before.blueprint.tools if wire["name"] not in self.tools)
        blueprint = replace(self.blueprint, tools=(*self.blueprint.tools, *wires))
        return replace(self, blueprint=blueprint, tools=before.tools | self.tools)
