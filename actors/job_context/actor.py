"""The JobContext actor: it keeps one call's facts while the call lives; a new incarnation hears them again from the next session."""

import logging
from collections.abc import Mapping
from typing import Any

from actors.job_context.facts import JobFacts, joined, left, session_ended, session_started, stopped
from protocols import (
    ExitReason,
    Figures,
    GetFigures,
    GetJobContext,
    Message,
    ParticipantJoined,
    ParticipantLeft,
    SessionEnded,
    SessionStarted,
)
from supervision import Actor

log = logging.getLogger("livekitex.job_context")


class JobContext(Actor):
    """One call's facts. Arguments: ``job_id``, ``room`` (the room's name) and ``failure`` (see `JobFacts`), both empty without one."""

    trap_exit = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Begin as created.

        Raises:
            KeyError: there is no ``job_id``.
        """
        room, failure = args.get("room", ""), args.get("failure", "")
        self._facts = JobFacts(job_id=args["job_id"], room=room, failure=failure, created_wall_s=self.context.clock.wall())

    def on_message(self, message: Message) -> None:
        """Serve the messages about a job; others are dropped."""
        sender = self.context.sender
        if isinstance(message, SessionStarted | SessionEnded) and (sender is None or sender.id != f"agent_session/{self._facts.job_id}"):
            return  # no session speaks for another call's
        match message:
            case ParticipantJoined(participant=participant):
                self._facts = joined(self._facts, participant)
            case ParticipantLeft(identity=identity):
                self._facts = left(self._facts, identity)
            case SessionStarted(incarnation=incarnation):
                self._facts = session_started(self._facts, incarnation)
            case SessionEnded(reason=reason):
                self._facts = session_ended(self._facts, reason)
            case GetJobContext():
                self.context.reply(self._facts.to_info())
            case GetFigures():
                self.context.reply(Figures(role="job_context", figures=self._facts.to_figures()))
            case _:
                super().on_message(message)

    def on_shutdown(self, reason: ExitReason) -> None:
        """The call's tree ends: say how the job ended, then end."""
        self._facts = stopped(self._facts, str(reason))
        log.info("job ended", extra=self._facts.to_figures())
        super().on_shutdown(reason)
