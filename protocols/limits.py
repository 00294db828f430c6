"""How long the texts of a call may be, in characters (Unicode code points): one place for those who send and those who take."""

from typing import Final

from protocols.errors import LivekitexError, MessageTooLargeError, UsageError

__all__ = ["MAX_GREETING_CHARS", "MAX_INSTRUCTIONS_CHARS", "MAX_TEXT_CHARS", "text_problem"]

MAX_TEXT_CHARS: Final = 16_000
"""One text of the caller (`SendText`)."""
MAX_GREETING_CHARS: Final = 16_000
"""An agent's greeting, which is a reply like others."""
MAX_INSTRUCTIONS_CHARS: Final = 64_000
"""An agent's instructions."""


def text_problem(text: str) -> LivekitexError | None:
    """Why ``text`` is no text of the caller; None: it is one."""
    if not text.strip():
        return UsageError("the text is empty: send at least a word, or nothing")
    if len(text) > MAX_TEXT_CHARS:
        return MessageTooLargeError(f"the text has {len(text)} characters, the limit is {MAX_TEXT_CHARS}: send it in parts")
    return None
