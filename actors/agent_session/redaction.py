"""What leaves the session's process, behind the call's redactor: its journal, its messages, its log.

In memory the conversation is whole, so its model and tools have every word while this process lives. What is left out of the journal is
gone with it: the next incarnation has ``[card]`` where there was one, in the history, in texts that wait, in what the agent was about to
say, in the user's data. A call of a tool whose arguments were left out is not run by another incarnation
(`protocols.redaction.was_redacted`).

Not redacted are the audio (the caller's, and the agent's, which is pushed to subscribers and kept outside the process for 30 s), ids, and
what a tool or a provider writes, sends or prints by itself.
"""

from collections.abc import Callable
from typing import TypeVar

from actors.redaction import Redact, redact_for, redact_logs, redacted
from protocols import RedactionSink, Redactor

V = TypeVar("V")


class SessionRedaction:
    """One session's. Without a redactor everything leaves as it is."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._sinks: dict[RedactionSink, Redact] = {}
        self._undo: Callable[[], None] = lambda: None
        if redactor is not None:
            self._sinks = {sink: redact_for(redactor, sink) for sink in RedactionSink}
            self._undo = redact_logs(self._sinks[RedactionSink.LOG])

    def to_journal(self, value: V) -> V:
        """An entry, or a text, as it may be written."""
        return self._leaving(value, RedactionSink.JOURNAL)

    def to_others(self, message: V) -> V:
        """A message as it may be sent."""
        return self._leaving(message, RedactionSink.EVENT)

    def to_supervisor(self, failure: BaseException) -> BaseException:
        """What ends the process, as its supervisor may hear and log it: itself, or only its kind with what may be said of it."""
        text = f"{type(failure).__name__}: {failure}"
        left = self._leaving(text, RedactionSink.LOG)
        return failure if left == text else RuntimeError(left)

    def close(self) -> None:
        """Leave the process's log as it was."""
        self._undo()

    def _leaving(self, value: V, sink: RedactionSink) -> V:
        redact = self._sinks.get(sink)
        return value if redact is None else redacted(value, redact)
