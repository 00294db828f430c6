"""When the disk fails the journal: the call goes on, says so once, and becomes durable again as soon as the disk can.

What was not written meanwhile is made good by a checkpoint, which holds the whole memory.
"""

from dataclasses import replace
from typing import Final

from actors.agent_session.core.effects import After, Answer, Effect
from actors.agent_session.core.entries import Checkpoint
from actors.agent_session.core.inputs import JournalFailed, JournalRetryDue
from actors.agent_session.core.transition import Transition
from protocols import CommandAccepted, PartRecovered, SessionError

RETRY_S: Final = 2.0
"""Before the first new attempt; doubled before each further one."""
MAX_RETRY_S: Final = 30.0


def on_failed(step: Transition, failed: JournalFailed) -> None:
    """The journal cannot be written."""
    failures = step.state.journal_failures
    if not failures:
        step.publish(SessionError(source="journal", text=failed.text, retryable=True))
    step.state = replace(step.state, journal_failures=failures + 1)
    step.do(After(delay_s=min(MAX_RETRY_S, RETRY_S * 2.0 ** min(failures, 10)), input=JournalRetryDue()))


def on_retry(step: Transition) -> None:
    """Try again."""
    step.record(Checkpoint(memory=step.memory))


def on_recovered(step: Transition) -> None:
    """The journal is written again."""
    step.publish(PartRecovered(part="journal"))
    step.state = replace(step.state, journal_failures=0)


def undurable(effect: Effect) -> Effect:
    """An effect whose entries no journal holds: a command that is accepted so says so."""
    if isinstance(effect, Answer) and isinstance(effect.message, CommandAccepted):
        return replace(effect, message=replace(effect.message, durable=False))
    return effect
