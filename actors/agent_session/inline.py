"""The session without threads of its own, for `supervision.SimRuntime`: its engine works on the event loop that runs the simulation.

Everything else is the session: actor, core, engine, journal. What a provider or a tool does in threads it still does there.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from actors.agent_session.actor import AgentSession
from actors.agent_session.engine import EngineLoop
from actors.agent_session.journal_writer import InlineJournalWriter, Listener
from protocols import JournalStore

T = TypeVar("T")


class InlineAgentSession(AgentSession):
    """See the module. Its turns are callbacks of a running event loop, whose time is the simulation's."""

    def make_loop(self) -> EngineLoop:
        """See `AgentSession.make_loop`."""
        return EngineLoop("engine", asyncio.get_running_loop(), self._crashed)

    def make_writer(self, store: JournalStore, listener: Listener, *, above: int) -> InlineJournalWriter:
        """See `AgentSession.make_writer`."""
        return InlineJournalWriter(self.context, store, self._blueprint.description, listener, above=above)

    def program_loop(self) -> asyncio.AbstractEventLoop:
        """See `AgentSession.program_loop`."""
        return asyncio.get_running_loop()

    def in_background(self, work: Callable[[], T], then: Callable[[T | BaseException], None]) -> None:
        """Do it at once: however long it takes, it is a moment."""
        outcome: T | BaseException
        try:
            outcome = work()
        except BaseException as failure:  # noqa: BLE001 - raised again in the mailbox, whatever user code raises
            outcome = failure
        self.context.post(lambda: then(outcome))

    def vanish(self) -> None:
        """Let nothing go on of a killed incarnation: what it did on the loop is cancelled, and what it held is given back."""
        self._release()
