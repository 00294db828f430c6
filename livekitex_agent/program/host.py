"""A call's process as its program knows it: where its sessions run, and what its job may ask of the call."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from actors import ProgramCall, ProgramLoop
from livekitex_agent.program.agents import Agents
from livekitex_agent.program.facts import Facts
from livekitex_agent.program.once import Once
from livekitex_agent.program.scopes import Scopes
from livekitex_agent.program.session_activity import SessionActivity
from livekitex_agent.program.standalone import StandaloneHost
from livekitex_agent.voice.agent import Agent
from livekitex_agent.voice.agent_session import AgentSession
from livekitex_agent.voice.events import CloseReason
from protocols import Entropy

log = logging.getLogger("livekitex.program")


class ProgramHost:
    """See `voice.agent_session.SessionHost` and `job.JobPort`. Used on the program's loop."""

    def __init__(
        self,
        call: ProgramCall,
        loop: ProgramLoop,
        scopes: Scopes,
        *,
        entropy: Entropy,
        overrides: Mapping[Any, Any],
        end: Callable[[str], None],
    ) -> None:
        self.facts = Facts(call, loop)
        self.agents = Agents(scopes, entropy)
        self.activity: SessionActivity | None = None
        self._once = Once(self.facts)
        self._call = call
        self._loop = loop
        self._scopes = scopes
        self._overrides = overrides
        self._end = end
        self._attached: asyncio.Event = asyncio.Event()

    async def attach(self, session: AgentSession[Any], agent: Agent) -> SessionActivity:
        """See `SessionHost.attach`."""
        if self.activity is not None:  # a call has one conversation that comes back; another one is of this life alone
            return await StandaloneHost().attach(session, agent)
        self.activity = SessionActivity(
            session, self._call, self._loop, self._scopes, agents=self.agents, facts=self.facts, overrides=self._overrides
        )
        activity = self.activity
        try:
            await activity.begin(agent)
        except BaseException:
            if not activity.live:
                self.activity = None  # the program may start it otherwise
            raise
        return activity

    @property
    def incarnation(self) -> int:
        """See `JobPort.incarnation`."""
        return self._call.incarnation

    def end_call(self, reason: str) -> None:
        """See `JobPort.end_call`."""
        if self.activity is not None:
            self.activity.close_soon(CloseReason.JOB_SHUTDOWN, drain=False)
        else:
            self._end(reason)

    async def leave(self) -> None:
        """The call is over: its agent leaves."""
        if self.activity is not None:
            await self.activity.leave()

    def connected(self, options: dict[str, Any]) -> None:
        """See `JobPort.connected`."""

    async def once(self, key: str, function: Callable[..., Any], args: tuple[Any, ...], *, idempotent: bool) -> Any:  # noqa: ANN401 - of the user's function
        """See `JobPort.once`."""
        return await self._once(key, function, *args, idempotent=idempotent)

    def primary_session(self) -> AgentSession[Any] | None:
        """See `JobPort.primary_session`."""
        return None if self.activity is None else self.activity.session
