"""The contract of what keeps secrets of the caller from leaving a session's process: a card number, a phone number, an address (a port).

A redactor is made by a function without arguments that travels as ``module:name`` (the agent's option ``redactor``). A session gives it
each text before that goes to one of the sinks; the conversation itself stays whole in the session's memory, so what the model and the tools
see is not changed. `actors.redaction` is the implementation by patterns.
"""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

__all__ = ["REDACTED_KEY", "RedactionSink", "Redactor", "RedactorFactory", "was_redacted"]

REDACTED_KEY: Final = "__redacted__"
"""In the arguments of a tool's call: something was left out of them, so they are of no use any more."""


class RedactionSink(StrEnum):
    """Where a text is about to go."""

    JOURNAL = "journal"
    """The call's journal. What is taken out of it, an incarnation that restores the conversation from it does not know."""
    LOG = "log"
    """The log of the session's process."""
    EVENT = "event"
    """Whoever follows the call or asks how it is: events, and answers that hold the conversation."""


class Redactor(Protocol):
    """Takes out of a text what is not to leave the process."""

    def redact(self, text: str, sink: RedactionSink, *, whole: bool = True) -> str:
        """``text`` without what is not to reach ``sink``; the same text where there is nothing.

        Called from several threads, for each text that leaves: it has to be pure and quick, and take a time that grows with the length of
        the text and no faster. Redacting what is redacted changes nothing. ``whole`` is False of a text that may be cut at its end, in the
        middle of a number: an interim transcript, what was heard of an interrupted sentence. What it raises ends nothing: the text is then
        left out as a whole.
        """
        ...


RedactorFactory = Callable[[], Redactor]


def was_redacted(arguments: str) -> bool:
    """Whether something was left out of the arguments (JSON) of a tool's call."""
    if REDACTED_KEY not in arguments:
        return False
    try:
        return json.loads(arguments).get(REDACTED_KEY) is True
    except (ValueError, AttributeError, RecursionError):
        return False
