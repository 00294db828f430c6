"""The calls at the end of a system: how they are left to end by themselves, and how they are ended."""

import logging
from collections.abc import Callable
from typing import Final

from livekitex_agent.gateway.lifecycle import END_CALLS_S
from protocols import SYSTEM_STOPPED, CancelResponse, Drain, Drained, EndCall, Message, NameChanged, Ref
from supervision import Context

log = logging.getLogger("livekitex.gateway")

MANAGER: Final = "worker_manager"
SESSION: Final = "agent_session/"
LATE_S: Final = 1.0
"""How much later than asked for the worker manager may answer; its answer only saves time."""


class Calls:
    """Which calls run, and who manages them, as their names tell; for one gateway.

    ``drained`` is called when a drain is over, ``ended`` when the calls that were asked to end have ended; both at the latest when their
    time is over, and possibly again.
    """

    def __init__(self, context: Context, drained: Callable[[], None], ended: Callable[[], None]) -> None:
        self._context = context
        self._drained = drained
        self._ended = ended
        self._sessions: dict[str, Ref | None] = {}
        self._manager: Ref | None = None
        self._managed = False
        self._drain_until: float | None = None
        self._ending = False

    def name_changed(self, change: NameChanged) -> None:
        """Somebody else has the name now, or nobody. Who comes back hears what its earlier incarnation was told."""
        if change.name == MANAGER:
            self._manager = change.ref
            self._managed = True
            self._ask_manager()
        elif change.name.startswith(SESSION):
            if change.ref is None and change.final:
                self.forget(change.name)
            else:
                self._sessions[change.name] = change.ref
                self._end_call(change.ref)

    def forget(self, name: str) -> None:
        """Nobody has that name, nor will."""
        self._sessions.pop(name, None)
        if self._ending and not self._sessions:
            self._ended()

    def script_drains(self, drain: Drain) -> None:
        """The script asks the manager to drain: each of its next incarnations is asked too."""
        self._drain_until = self._context.clock.monotonic() + drain.timeout_ms / 1000

    def drain(self, timeout_s: float) -> None:
        """Have no new call taken, and let those that run go on for ``timeout_s``. A tree without a manager has no calls."""
        self._drain_until = self._context.clock.monotonic() + timeout_s
        self._context.after(timeout_s, self._drained)
        if self._managed:
            self._ask_manager()
        else:
            self._drained()

    def end(self) -> None:
        """Have no new call taken, and ask those that run to end at once, for good."""
        self._ending = True
        self._drain_until = self._context.clock.monotonic()
        self._ask_manager()
        for session in tuple(self._sessions.values()):
            self._end_call(session)
        self._context.after(END_CALLS_S, self._ended)
        if not self._sessions:
            self._ended()

    def _ask_manager(self) -> None:
        if self._manager is not None and self._drain_until is not None:
            remaining_s = max(0.0, self._drain_until - self._context.clock.monotonic())
            drain = Drain(timeout_ms=round(remaining_s * 1000))
            self._context.ask(self._manager, drain, timeout_s=remaining_s + LATE_S, then=self._manager_answered)

    def _manager_answered(self, answer: Message | None) -> None:
        if isinstance(answer, Drained):  # anything else comes from one that ends: its next incarnation is asked
            if answer.jobs and not self._ending:
                log.warning("calls still run at the end of the drain, and are ended", extra={"calls": answer.jobs})
            self._drained()

    def _end_call(self, session: Ref | None) -> None:
        if self._ending and session is not None:
            self._context.send(session, CancelResponse(command_id=self._context.entropy.hex_id()))
            self._context.send(session, EndCall(command_id=self._context.entropy.hex_id(), reason=SYSTEM_STOPPED))
