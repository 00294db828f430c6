"""Limits that more than one place holds to: those of a call's texts, in characters (Unicode code points), and those of a node."""

from typing import Final

from protocols.errors import LivekitexError, MessageTooLargeError, UsageError

__all__ = ["MAX_AGENT_NAME_CHARS", "MAX_CALL_RESTARTS", "MAX_CALL_RESTART_SECONDS", "MAX_GREETING_CHARS", "MAX_INSTRUCTIONS_CHARS"]
__all__ += ["MAX_JOBS", "MAX_TEXT_CHARS", "text_problem"]

MAX_TEXT_CHARS: Final = 16_000
"""One text of the caller (`SendText`)."""
MAX_GREETING_CHARS: Final = 16_000
"""An agent's greeting, which is a reply like others."""
MAX_AGENT_NAME_CHARS: Final = 64
MAX_INSTRUCTIONS_CHARS: Final = 64_000
"""An agent's instructions."""

MAX_JOBS: Final = 1_000
"""Calls of one node at a time: the registry holds the three names of each."""
MAX_CALL_RESTARTS: Final = 1_000
MAX_CALL_RESTART_SECONDS: Final = 86_400
"""The budget of a call: at most so many restarts, counted over at most so many seconds."""


def text_problem(text: str) -> LivekitexError | None:
    """Why ``text`` is no text of the caller; None: it is one."""
    if not text.strip():
        return UsageError("the text is empty: send at least a word, or nothing")
    if len(text) > MAX_TEXT_CHARS:
        return MessageTooLargeError(f"the text has {len(text)} characters, the limit is {MAX_TEXT_CHARS}: send it in parts")
    return None
