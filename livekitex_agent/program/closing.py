"""That a program has asked for its session to be closed: it has asked once, so a death before it was does not undo it."""

import json
from typing import Final

from livekitex_agent.program.facts import Facts
from livekitex_agent.voice.events import CloseReason

KEY: Final = "closing"


def ask_to_close(facts: Facts, reason: CloseReason, *, drain: bool) -> None:
    """The session is to be closed for ``reason``; with ``drain`` once all was said. The first to ask counts.

    It is in the journal before what the tool returns that has asked for it.
    """
    if facts.get(KEY) is None:
        facts.tell(KEY, json.dumps([reason.value, drain]))


def asked_to_close(facts: Facts) -> tuple[CloseReason, bool] | None:
    """Why the session was to be closed in an earlier life, and whether it was to be drained; None if it was not."""
    told = facts.get(KEY)
    if told is None:
        return None
    reason, drain = json.loads(told)
    return CloseReason(reason), drain
