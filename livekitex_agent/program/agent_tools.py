"""The tools that an agent was given while the call went on (`Agent.update_tools`): as the journal has them, and found again after a death.

A tool is found by its name among those that the agent is made with, else by where it is defined. What is found in neither way is lost.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actors import ToolsChanged, load_reference, reference_to
from livekitex_agent.program.parts import make_parts
from livekitex_agent.voice.agent import Agent
from protocols import ErrorReply, InvalidToolError, Message

if TYPE_CHECKING:
    from livekitex_agent.program.session_activity import SessionActivity

log = logging.getLogger("livekitex.program")


class AgentTools:
    """The tools of the agents of the session that ``activity`` runs. Used on the program's loop."""

    def __init__(self, activity: "SessionActivity") -> None:
        self._activity = activity

    async def update(self, agent: Agent, before: Sequence[Any]) -> None:
        """``agent`` was given other tools than ``before``."""
        self._keep(agent)
        await self.offer(agent, before)

    async def offer(self, agent: Agent, before: Sequence[Any] = ()) -> None:
        """The model is offered the tools of ``agent`` from its next turn on, if that has the call; what nobody has any more is closed."""
        activity = self._activity
        if agent is activity.hooks.current:
            await activity.toolsets.open(agent.tools)
            parts = make_parts(activity, agent)
            idempotent = frozenset(name for name, tool in parts.tools.items() if tool.idempotent)
            activity.call.use_tools(parts, ToolsChanged(tools=tuple(parts.tools), idempotent=idempotent))
            await activity.toolsets.close(before, but=[*activity.session.tools, *agent.tools])

    def _keep(self, agent: Agent) -> None:
        """Its tools are in the journal before whatever is asked for after this."""

        def look(answered: "asyncio.Future[Message]") -> None:
            if isinstance(answer := answered.result(), ErrorReply):
                log.warning("not restorable: the tools of %s: %s", agent.id, answer.text)

        self._activity.facts.tell(self._key(agent), written(agent.tools)).add_done_callback(look)

    def restore(self, agent: Agent) -> None:
        """Give ``agent`` the tools that it was given last, in whatever life."""
        kept = self._activity.facts.get(self._key(agent))
        if kept is not None:
            agent._tools, lost = found_again(kept, agent.tools)
            for name in lost:
                log.warning("not restorable: the tool %s of %s: define it at the top level of a module", name, agent.id)

    def _key(self, agent: Agent) -> str:
        return f"tools/{self._activity.agents.reference(agent).key}"


def written(tools: Sequence[Any]) -> str:
    """Which tools these are, as JSON."""
    return json.dumps([[tool.id, _place(tool)] for tool in tools])


def found_again(text: str, own: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """The tools that were `written`, of which ``own`` are the agent's, and the names of those that nobody finds."""
    named = {tool.id: tool for tool in own}
    tools, lost = [], []
    for name, place in json.loads(text):
        tool = named.get(name) or _found_at(place)
        tools.append(tool)
        if tool is None:
            lost.append(name)
    return [tool for tool in tools if tool is not None], lost


def _place(tool: Any) -> str:  # noqa: ANN401 - a tool of any kind
    try:
        return reference_to(tool)
    except InvalidToolError:
        return ""


def _found_at(place: str) -> Any:  # noqa: ANN401 - as `_place`
    try:
        return load_reference(place) if place else None
    except Exception:  # noqa: BLE001 - the seam to the user's code
        return None
