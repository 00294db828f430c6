"""What is known of one call. Pure: every function returns the next facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from actors.job_context.status import TRANSITIONS, JobEvent, JobStatus, end_event
from protocols import JobContextInfo, Participant

MAX_PARTICIPANTS: Final = 200
"""Participants that are listed; further ones are only counted."""

MAX_TEXT_CHARS: Final = 256
"""Longest name or reason that is kept in characters; the rest is cut off. A longer identity is only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """A call: its room, who is in it (in order of arrival), its status, its sessions' incarnations and why it ended (empty: it did not).

    ``failure`` is why the call is given up (empty: it is not): however this tree ends, the call has failed.
    """

    job_id: str
    room: str = ""
    failure: str = ""
    created_wall_s: float = 0.0
    status: JobStatus = JobStatus.CREATED
    participants: Mapping[str, Participant] = field(default_factory=dict)
    unlisted: int = 0
    incarnations: int = 0
    end_reason: str = ""

    def to_info(self) -> JobContextInfo:
        """As it is told."""
        return JobContextInfo(
            job_id=self.job_id,
            status=str(self.status),
            room=self.room,
            participants=tuple(self.participants.values()),
            incarnations=self.incarnations,
        )

    def to_figures(self) -> dict[str, Any]:
        """By name."""
        return {
            "job_id": self.job_id,
            "status": str(self.status),
            "participants": len(self.participants),
            "participants_unlisted": self.unlisted,
            "incarnations": self.incarnations,
            "created_wall_s": self.created_wall_s,
            "end_reason": self.end_reason,
        }


def joined(facts: JobFacts, participant: Participant) -> JobFacts:
    """Someone entered the room, or is told of again with another name."""
    known = participant.identity in facts.participants
    if not 0 < len(participant.identity) <= MAX_TEXT_CHARS or (not known and len(facts.participants) >= MAX_PARTICIPANTS):
        return replace(facts, unlisted=facts.unlisted + 1)
    kept = replace(participant, name=participant.name[:MAX_TEXT_CHARS], kind=participant.kind[:MAX_TEXT_CHARS])
    return replace(facts, participants={**facts.participants, participant.identity: kept})


def left(facts: JobFacts, identity: str) -> JobFacts:
    """Someone left the room; nothing happens if nobody knew."""
    return replace(facts, participants={known: who for known, who in facts.participants.items() if known != identity})


def session_started(facts: JobFacts, incarnation: int) -> JobFacts:
    """The session's ``incarnation`` has begun. A number below the highest heard of is a late word and changes nothing."""
    if incarnation <= facts.incarnations:
        return facts
    return _moved(replace(facts, incarnations=incarnation), JobEvent.SESSION_STARTED)


def session_ended(facts: JobFacts, reason: str) -> JobFacts:
    """The conversation is over."""
    return _moved(facts, JobEvent.SESSION_FAILED if facts.failure else end_event(reason), reason)


def stopped(facts: JobFacts, reason: str) -> JobFacts:
    """The job's supervisor ends it; a job that is over stays as it ended."""
    return _moved(facts, JobEvent.SESSION_FAILED, facts.failure) if facts.failure else _moved(facts, JobEvent.STOPPED, reason)


def _moved(facts: JobFacts, event: JobEvent, reason: str = "") -> JobFacts:
    status = TRANSITIONS[facts.status][event]
    return replace(facts, status=status, end_reason=reason[:MAX_TEXT_CHARS] if status is not facts.status else facts.end_reason)
