"""Text from elsewhere, made fit for a log or a terminal: what would move the cursor, begin a line or turn the direction is shown escaped.

These are the control characters C0 and C1 (ECMA-48; an escape sequence begins with one), the line and paragraph separators, the marks of
the bidirectional algorithm (Unicode TR 9, section 2), which can show a line in another order than it is read, and lone surrogates.
"""

import re
from typing import Final

__all__ = ["printable"]

_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, *, keep: str = "") -> str:
    """``text`` in one line, with what is unsafe as Python writes it in a literal; what is in ``keep`` stays as it is."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def _escaped(char: str) -> str:
    return ascii(char)[1:-1]
